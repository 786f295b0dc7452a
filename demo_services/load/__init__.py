"""An open-loop load driver: requests leave when the schedule says, whatever the answers do.

Run it as a program of its own (``python -m demo_services.load PLAN.json``), so that nothing
else that its caller does can delay an arrival. See ``plan`` for what goes in and ``report``
for what comes out.
"""
