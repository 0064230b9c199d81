"""How dates and numbers are written. Django reads one module for each language; what
is not said here is as Django has it. MONTH_FORMAT is a name of ours."""
