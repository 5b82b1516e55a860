"""What every AutomateIQ service shares: see docs/architecture.md for how a request travels through it."""
