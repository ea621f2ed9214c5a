"""Stands in for the package of RPi.GPIO: chip models of a test are at its pins."""  # noqa: N999
