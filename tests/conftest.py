"""What holds for every test."""

from __future__ import annotations

from contextlib import suppress

with suppress(ImportError):  # the tests that run on the Windows Python do without it
    from hypothesis import HealthCheck, settings

    # No rule here is about time: a machine that is busy with other things must not make one fail.
    settings.register_profile("outtray", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
    settings.load_profile("outtray")
