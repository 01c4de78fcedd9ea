"""What all tests share."""

from hypothesis import HealthCheck, settings

# How long it takes to make up an input tells of the machine and its load, not of the code.
settings.register_profile("windowshop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("windowshop")
