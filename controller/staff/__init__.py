"""People who do not exist work here, through the public API alone: no other door, no look at the database.

Run `python -m controller.staff`. One loop per person takes tasks from one shared board, spends the plant minutes of the act,
and sometimes errs; what the controller answers to a mistake is what the summary counts.
"""
