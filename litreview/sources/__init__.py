"""Where records come from: two services and files, each read by one module.

A service module asks for exactly one page (`fetch`) and says what a payload
means (`citation`); a file module iterates over records. They know no database:
the use cases store what these modules hand over. JSON of unknown shape, typed
`Any`, does not leave this package except as the verbatim payload.
"""
