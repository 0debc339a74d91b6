"""From a statement file of any practice-management system to the one JSON body of the billing API.

A *reader* makes rows or records of the file, a *profile* says which column is which field, *values* turn one cell into
what goes on the wire, and `check_statements` does all three, whole or not at all, in bounded memory.
"""
