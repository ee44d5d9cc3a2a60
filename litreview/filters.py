"""The names of the filters that each source has for works.

A name that a source does not have is answered with an error, in the middle of a
harvest. The lists are those that the sources document, and they grow: so a name
that is not here is only refused where it looks like a slip of one that is.

OpenAlex: developers.openalex.org/api-reference/works, of June 2026. Crossref:
api.crossref.org/swagger, as of November 2026.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

# How alike a slip is to the name that was meant, of 1. Below it, two names of the
# services themselves can differ: a new one must not be taken for a slip.
ALIKE = 0.82
# Any field that OpenAlex searches can also be searched without stemming.
UNSTEMMED = re.compile(r"\.search\.(?:exact|no_stem)$")


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _below(field: str, text: str) -> frozenset[str]:
    """Return the names of what stands below a field: `ids.pmid` below `ids`."""
    return frozenset(f"{field}.{name}" for name in text.split())


_INSTITUTION = "continent country_code id is_global_south ror type"
_LOCATION = """
    is_accepted is_oa is_published landing_page_url license license_id raw_type
    source.host_organization source.host_organization_lineage source.id
    source.is_in_doaj source.is_oa source.issn source.type version
"""
_MORE_OF_SOURCE = "has_issn host_institution_lineage is_core publisher_lineage"
_PRICE = "currency provenance value value_usd"
_TOPIC = "id domain.id field.id subfield.id"
_HAS = """
    abstract affiliation alias archive assertion authenticated-orcid award
    clinical-trial-number content-domain description domain-restriction event full-text
    funder funder-doi license orcid prime-doi references relation ror-id update
    update-policy
"""
_DATES = """
    accepted approved awarded created deposit event-end event-start index issued
    online-pub posted print-pub pub update
"""

OPENALEX = frozenset().union(
    _word_set("""
        authors_count best_open_version cited_by cited_by_count cites concepts_count
        corresponding_author_ids corresponding_institution_ids
        countries_distinct_count created_date datasets display_name doi
        doi_starts_with from_created_date from_publication_date from_updated_date
        fulltext_origin fwci has_abstract has_doi has_embeddings has_fulltext
        has_oa_accepted_or_published_version has_oa_submitted_version has_old_authors
        has_orcid has_pdf_url has_pmcid has_pmid has_raw_affiliation_strings
        has_references indexed_in institutions_distinct_count is_corresponding is_oa
        is_paratext is_retracted is_xpac journal language locations_count mag mag_only
        oa_status openalex openalex_id pmcid pmid publication_date publication_year
        raw_affiliation_strings referenced_works referenced_works_count related_to
        repository to_created_date to_publication_date to_updated_date topics_count
        type updated_date version
    """),
    _word_set("""
        abstract.search default.search display_name.search fulltext.search
        keyword.search raw_affiliation_strings.search raw_author_name.search
        semantic.search title.search title_and_abstract.search
    """),
    _word_set("concept.id funders.id institution.id keywords.id"),
    _below("apc_list", _PRICE),
    _below("apc_paid", _PRICE),
    _below("author", "id orcid"),
    _below("authorships", "affiliations.institution_ids author.id author.orcid"),
    _below("authorships", "countries is_corresponding"),
    _below("authorships.institutions", _INSTITUTION),
    _below("authorships.institutions", "lineage"),
    _below("awards", "doi funder_award_id funder_display_name funder_id id"),
    _below("best_oa_location", _LOCATION),
    _below("biblio", "first_page issue last_page volume"),
    _below(
        "citation_normalized_percentile",
        "is_in_top_10_percent is_in_top_1_percent value",
    ),
    _below("cited_by_percentile_year", "max min"),
    _below("concepts", "id wikidata"),
    _below("has_content", "grobid_xml pdf"),
    _below("ids", "mag openalex pmcid pmid"),
    _below("institution_assertions", "country_code id lineage ror type"),
    _below("institutions", _INSTITUTION),
    _below("locations", _LOCATION),
    _below("locations.source", _MORE_OF_SOURCE),
    _below("open_access", "any_repository_has_fulltext is_oa oa_status"),
    _below("primary_location", _LOCATION),
    _below("primary_location.source", _MORE_OF_SOURCE),
    _below("primary_topic", _TOPIC),
    _below("sustainable_development_goals", "id score"),
    _below("topics", _TOPIC),
)
CROSSREF = frozenset().union(
    _word_set("""
        affiliation alternative-id archive article-number assertion assertion-group
        award.funder award.number category-name clinical-trial-number container-title
        content-domain directory doi full-text.application full-text.type
        full-text.version funder funder-doi-asserted-by group-title gte-award-amount
        is-update isbn issn license.delay license.url license.version location
        lte-award-amount member orcid prefix public-references publisher-name
        reference-visibility relation.object relation.object-type relation.type ror-id
        type type-name update-type updates
    """),
    frozenset(f"has-{name}" for name in _word_set(_HAS)),
    frozenset(
        f"{way}-{day}-date" for way in ("from", "until") for day in _word_set(_DATES)
    ),
)
# Filters that the compiler writes itself; a second one would be joined with AND.
COMPILED_FILTERS = {
    "openalex": {
        "title_and_abstract.search",
        "from_publication_date",
        "to_publication_date",
        "language",
        "type",
    },
    "crossref": {"from-pub-date", "until-pub-date", "type"},
}
FILTERS = {"openalex": OPENALEX, "crossref": CROSSREF}


def is_known(source: str, name: str) -> bool:
    """Tell whether a source documents a filter; OpenAlex also takes - for _."""
    if source == "openalex":
        name = UNSTEMMED.sub(".search", name.replace("-", "_"))
    return name in FILTERS[source]


def meant(source: str, name: str) -> str | None:
    """Return the filter of which an unknown name looks like a slip, if any."""
    near = get_close_matches(name, sorted(FILTERS[source]), n=1, cutoff=ALIKE)
    return near[0] if near else None
