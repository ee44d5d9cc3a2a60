"""The review without the internet: two local services and a rehearsed team.

`server` speaks enough of the OpenAlex and Crossref protocols for the real
clients; `generator` invents the works it serves, around the real ones that the
founding documents cite; `votes` plays screeners who sometimes err. Everything
follows from a seed, so a run can be repeated to the last vote.
"""
