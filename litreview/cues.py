"""The words by which an item's wording is judged, each list written once.

Every pattern is for English and looks at words, not at grammar: what it finds may be
harmless, which is why all that rests on it is a warning. Those named NO_... or NOT_...
are taken out of the text before their rule looks.
"""

from __future__ import annotations

import re


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


def _words(*parts: str) -> re.Pattern[str]:
    """Match any of these as whole words; a blank is any run of blanks."""
    inside = "|".join(part.replace(" ", r"\s+") for part in parts)
    return re.compile(rf"(?<![^\W_])(?:{inside})(?![^\W_])", re.IGNORECASE)


NOT = r"n(?:o|['\u2019])t"
# -- two things at once ------------------------------------------------------------

PARENTHESIS = re.compile(r"\([^()]*\)")
# Pairs that are one idea, whichever comes first.
_PAIRS = (
    *("teaching learning", "terms conditions", "health safety", "reading writing"),
    *("research development", "trial error", "pros cons", "supply demand"),
    *("rules regulations", "policies procedures", "policy practice", "aims objectives"),
    *("roles responsibilities", "strengths weaknesses", "black white", "give take"),
    *("learning development", "training development", "pay conditions", "ins outs"),
    *("parents carers", "mothers fathers", "men women", "boys girls", "young old"),
    *("children young\\s+people", "children families", "schools colleges"),
    *("schools academies", "teachers leaders", "art design", "design technology"),
    *("question answer", "questions answers", "checks balances", "equality diversity"),
    *("diversity inclusion", "maths english", "spelling grammar", "literacy numeracy"),
    *("needs disabilities", "needs disability", "more more", "again again", "up down"),
    *("back forth", "now then", "time again", "off on", "up running", "first foremost"),
    *("over above", "by large", "england wales", "theory practice", "cause effect"),
    *("day night", "years months", "days weeks", "ways means", "bread butter"),
    *("wear tear", "safe sound", "law order", "arts crafts", "north south"),
    *("profit loss", "income expenditure", "recruitment retention", "cut dried"),
)
_NUMBER = (
    r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|once|twice|half"
    r"|more|less|fewer)"
)
# What joins two words that are asked about together as one.
ONE_IDEA = _words(
    *(
        rf"{one}s?\s+(?:and|or|&)\s+{other}s?"
        for pair in _PAIRS
        for one, other in (pair.split(" "), pair.split(" ")[::-1])
    ),
    rf"{_NUMBER}\s+(?:and|or|to)\s+{_NUMBER}",
    rf"{_NUMBER}\s+(?:\w+\s+)?or\s+(?:more|less|fewer|so)",
    *("whether or not", "or not", "and so on", "or so", "or other", "sooner or later"),
    *("one way or another", "either way", "and/or not"),
    # One relation between two, not two things.
    r"(?:between|among|both)\s+(?:[\w'\u2019-]+\s+){1,4}and\s+[\w'\u2019-]+",
    r"(?:differences?|link|links|gap|balance)\s+of\s+\w+\s+and\s+\w+",
)
JOINED = re.compile(
    r"[\w'\u2019-]+,?\s*(?:\b(?:and|or|as\s+well\s+as|plus|and/or)\b|&|(?<=[a-z])/"
    r"(?=[a-z]))\s*[\w'\u2019-]+|,\s+then\s+[\w'\u2019-]+",
    re.IGNORECASE,
)

# -- negation ----------------------------------------------------------------------

NEGATION = _words(
    *("not", "cannot", r"\w+n['\u2019]t", "no(?!\\.\\s*\\d)", "none", "nobody"),
    *("no one", "nothing", "nowhere", "neither", "nor", "never", "hardly", "scarcely"),
    *("barely", "no longer"),
)
NO_NEGATION = _words(
    *("whether or not", "or not", "if not", "not only", "no matter", "not-for-profit"),
    *("not just", "not to mention", "no doubt", "no-one else", "last but not least"),
    r"no\.\s*\d+",
    "yes or no",
)
# What says no in a word of its own.
DENIAL = _words(
    r"un(?:common|usual|likely|able|clear|fair|helpful|necessary|important|aware"
    r"|certain|reasonable|willing|true|safe|happy|wise|related|satisfied|prepared)",
    r"im(?:possible|proper|practical|patient)|in(?:adequate|appropriate|effective"
    r"|sufficient|consistent|correct|convenient|valid|frequent|complete)",
    r"ir(?:relevant|regular|responsible)|dis(?:agree\w*|like\w*|satisf\w+|approve\w*"
    r"|courage\w*|allow\w*|organised|honest|trust\w*)",
    r"without|lack(?:s|ed|ing)?|fail(?:s|ed|ing)? to|refus(?:e|es|ed|al)"
    r"|prevent(?:s|ed|ing)?|avoid(?:s|ed|ing)?|absent|absence|rare(?:ly)?|seldom"
    r"|un-\w+|non-\w+|\w+less",
)

# -- leading -----------------------------------------------------------------------

LEADING = re.compile(
    r"(?:^|[.;:]\s+)(?:clearly|naturally|surely|plainly|certainly|honestly|of\s+course)"
    r"\b|,\s*(?:clearly|naturally|surely|of\s+course|certainly)\s*,"
    r"|\b(?:obviously|undoubtedly|undeniably|unquestionably|needless\s+to\s+say"
    r"|without\s+(?:a\s+)?doubt|no\s+doubt|as\s+(?:you|we|everyone|everybody|all)"
    r"(?:\s+all)?\s+knows?|it\s+goes\s+without\s+saying|it\s+is\s+(?:well\s+known|clear"
    r"|obvious)\s+that|of\s+course|everyone\s+(?:knows|agrees)|everybody\s+(?:knows"
    r"|agrees)|most\s+(?:people|teachers|experts|colleagues)\s+(?:agree|think|believe"
    r"|know|would)|(?:experts|research|studies|evidence)\s+(?:agree|agrees|show|shows"
    r"|prove|proves)\s+that|would(?:n['\u2019]t|\s+not)\s+you\s+(?:agree|say)"
    rf"|(?:don|didn|wouldn|shouldn|isn|aren){NOT[1:]}\s+you\s+(?:agree|think|feel)"
    r"|any\s+(?:good|reasonable|sensible|responsible)\s+\w+\s+(?:would|knows?|should)"
    r"|surely)\b"
    r"|,\s*(?:(?:is|are|was|were|do|does|did|has|have|can|could|would|should|wo|ca)"
    r"n['\u2019]t\s+(?:it|they|you|we|he|she|there)|right|correct)\s*\?",
    re.IGNORECASE,
)

# -- absolute ----------------------------------------------------------------------

_TIMES = r"(?:day|week|fortnight|month|term|half[- ]term|year|time|lesson|session)s?"
ABSOLUTE = _words(
    *("always", "never", "all", "every", "everyone", "everybody", "everything"),
    *("everywhere", "none", "nobody", "no one", "nothing", "entirely", "completely"),
    *("totally", "absolutely", "constantly", "invariably", "at all times"),
    *("without exception", "wholly", "perfectly", "only ever", "all the time"),
)
NO_ABSOLUTE = _words(
    rf"every\s+(?:(?:other|single|few|two|three|\d+)\s+)?{_TIMES}(?<!\btime)",
    *("not all", "not always", "not every(?:one|body|thing)?", "not entirely"),
    *("not completely", "almost all", "nearly all", "above all", "after all"),
    *("first of all", "at all", "all in all", "all-through", "all-round", "in all"),
    *("if at all", "all right", "overall", "every now and then", "nothing but"),
    r"\w+n['\u2019]t\s+(?:always|all|every\w*|entirely|completely|totally)",
    r"(?:almost|nearly|virtually)\s+(?:always|never|every\w*|none|nobody|nothing)",
)

# -- vague -------------------------------------------------------------------------

VAGUE = _words(
    *("often", "frequently", "frequent", "regularly", "regular", "sometimes"),
    *("occasionally", "occasional", "usually", "generally", "normally", "rarely"),
    *("seldom", "many", "several", "few", "a few", "a lot", "lots", "a lot of"),
    *("lots of", "plenty of", "recently", "from time to time", "now and then"),
    *("a great deal", "a bit", "quite a bit", "soon"),
)
NOT_VAGUE = _words(
    *("how often", "how many", "how frequently", "how regularly", "as often as"),
    *("as many as", "more often than", "less often than", "more frequently than"),
    *("few or none", "as soon as", "no sooner", "generally speaking", "so many"),
    *("too many", "too few", "too often", "as regularly as", "as frequently as"),
    "less frequently than",
)

# -- the time it asks about ------------------------------------------------------------

COUNTED = re.compile(
    r"\bhow\s+(?:many(?!\s+years)|much|often|frequently|regularly)\b[^?.]{0,200}?\b"
    r"(?:have|has|had|did|was|were)\b"
    r"|^\W*(?:did|were|was)\s+(?:you|your|they|the|there|staff|leaders|colleagues)\b",
    re.IGNORECASE,
)
PAST = _words("have", "has", "had", "did", "was", "were", "took", "received", "spent")
PERIOD = _words(
    rf"(?:last|past|previous|this|next|each|every|per|a|an|the|one|current|coming"
    rf"|typical|usual|average|first|whole|same|\d+|two|three|four|six|twelve)\s+"
    rf"(?:(?:\w+|\d+)\s+)?(?:{_TIMES}|hours?|days?|school\s+year|academic\s+year"
    r"|semester|decade|summer|autumn|spring|winter)",
    *("since", "during", "yesterday", "today", "tonight", "weekly", "daily", "monthly"),
    *("yearly", "termly", "annually", "ever", "so far", "to date", "in total"),
    *(
        "how many years",
        "how long",
        "currently",
        "at present",
        "at the moment",
        "now",
        "nowadays",
        "as a rule",
    ),
    *(
        "over the holidays?",
        "until",
        "up to now",
        "when you (?:\\w+ )?(?:began|started)",
    ),
    *("most recent(?:ly)?", "latest", "your (?:last|first|training|current)"),
    r"(?:19|20)\d\d(?:\s*[-/\u2013]\s*\d{2,4})?",
    "between [a-z]+ and [a-z]+",
    "(?:in|before|after|by|from|until) (?:january|february|march|april|may|june|july"
    "|august|september|october|november|december|easter|christmas|summer)",
)

# -- what is taken for granted ---------------------------------------------------------

_CHANGE = (
    r"(?:improv|help|benefit|chang|affect|influenc|support|increase|increasing|impact|strengthen"
    r"|transform|enhanc|develop|deepen|reduc|rais|contribut|enabl|inspir|save|saving|ma(?:de|ke)"
    r"|boost|advanc|shap)\w*"
)
PRESUPPOSING = re.compile(
    rf"\bhow(?:\s+much)?\s+(?:has|have|did|does|do|is|will)\s+[^?]{{0,200}}?\b{_CHANGE}\b"
    r"|^\W*why\s+(?:do|does|did|are|is|was|were|have|has|don|doesn|didn|won|can)\b"
    r"|^\W*when\s+did\s+(?:you|your|they)\b"
    r"|\bwhat\s+did\s+(?:you|your\s+\w+)\s+(?:like|enjoy|learn|gain|find|change|value)\b"
    r"|\bhow\s+(?:useful|helpful|effective|valuable|satisfied|happy|beneficial|good"
    r"|relevant|successful|pleased)\s+(?:was|were|is|are|has|have)\s+(?:you\s+with\s+)?"
    r"(?:your|the\s+\w+\s+you)\b"
    r"|\b(?:do|does|are|is|have|has)\s+(?:you|your\s+\w+|they)\s+still\b"
    r"|\b(?:have|has)\s+(?:you|your\s+\w+)\s+(?:stopped|given\s+up|quit|overcome)\b",
    re.IGNORECASE,
)
CONDITIONAL = _words(
    *(
        "if any",
        "if at all",
        "if anything",
        "if so",
        "if you",
        "if your",
        "if applicable",
    ),
    *("to what extent", "whether", "if ever", "how, if at all"),
)

# -- how it is answered --------------------------------------------------------------

ASKS_AGREEMENT = _words(
    r"(?:do|would)\s+you\s+(?:\w+\s+)?(?:agree|disagree)",
    r"(?:to\s+what\s+extent|how\s+(?:much|far|strongly))\s+(?:do|would)\s+you\s+"
    r"(?:\w+\s+)?(?:agree|disagree)",
)
QUESTION = re.compile(
    r"^\W*(?:how|what|which|who|whom|whose|when|where|why)\s+"
    r"(?:\w+\s+){0,3}?(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would"
    r"|should)\s+(?:you|your|they|the|there|staff|it|we|i)\b"
    r"|^\W*(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would|should)\s+"
    r"(?:you|your)\b"
    r"|\bhow\s+(?:often|frequently|many|much)\s+(?:\w+\s+){0,5}?"
    r"(?:do|does|did|has|have)\s",
    re.IGNORECASE,
)
OPEN_QUESTION = re.compile(
    r"^\W*(?:(?:in|over|during|for)\s[^,?]*,\s*)?"
    r"(?:how|what|which|who|when|where|why)\b",
    re.IGNORECASE,
)
HOW_OFTEN = re.compile(
    r"\bhow\s+(?:often|frequently|regularly|many|much\s+time)\b", re.IGNORECASE
)
STATEMENT = re.compile(
    r"[.!][\"'\u201d\u2019)]*$|^(?:i|we|my|our|the|this|these|there|it|they|he|she"
    r"|staff|teachers|leaders|colleagues|people|pupils|most|senior)\s+(?!(?:and|or)\b)"
    r"[\w'\u2019-]+\s+\w",
    re.IGNORECASE,
)

# -- of whom it speaks ---------------------------------------------------------------

ONE_PERSON = re.compile(
    r"(?<![^\W_])I(?:['\u2019](?:m|ve|d|ll))?(?![\w.])|(?i:\bmyself\b|\bme\b)"
)
NOT_ABOUT_ME = _words(
    r"(?:the\s+\w+|where|in\s+which|at\s+which|with\s+which|for\s+which|with\s+whom"
    r"|that|who|whom)\s+I\s+(?:currently\s+)?(?:work|teach|lead|am)(?:\s+(?:in|at|with"
    r"|for|on|to))?",
    r"I\s+(?:think|believe|feel|know)\s+(?:that\s+)?(?=my|our|the|staff|leaders)",
)
