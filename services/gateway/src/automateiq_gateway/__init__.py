"""The REST gateway of AutomateIQ."""
