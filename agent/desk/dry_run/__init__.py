"""The dry run: what each file would become, and every fault in it. Nothing is moved, sent or remembered."""
