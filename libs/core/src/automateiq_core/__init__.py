"""What every AutomateIQ service shares."""
