"""The fixtures of every test in the workspace."""

pytest_plugins = ["automateiq_core.testing"]
