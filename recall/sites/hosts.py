"""Hosts to registered domains.

The registered domain (eTLD+1) follows the Public Suffix List with its private suffixes, so that `a.github.io` and
`b.github.io` are two. Splits for training and measuring are made by registered domain, never by page.
"""

from functools import lru_cache

import tldextract

_extract = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=True, cache_dir=None)
_extract_icann = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=False, cache_dir=None)


@lru_cache(maxsize=65_536)
def registered_domain(host: str) -> str:
    """Registered domain of a host, or the host itself (addresses, local names)."""
    return _extract(host).top_domain_under_public_suffix or host


@lru_cache(maxsize=65_536)
def has_public_suffix(host: str) -> bool:
    """True when a host ends with a suffix that the Public Suffix List knows and has a name before it."""
    found = _extract(host)
    return bool(found.suffix and found.domain)


@lru_cache(maxsize=65_536)
def icann_registered_domain(host: str) -> str:
    """Registered domain as Common Crawl's index has it: by public suffixes alone, so a.github.io is of github.io."""
    return _extract_icann(host).top_domain_under_public_suffix or host
