"""Cues are written as players read them."""

from __future__ import annotations

from telecine.media.cues import Cue, write_srt, write_vtt


def test_subrip_is_numbered_and_has_commas_in_its_times() -> None:
    shown = [
        Cue(text="One", start_ms=0, end_ms=1500),
        Cue(text="Two\nlines", start_ms=3_661_005, end_ms=3_662_000),
    ]
    assert write_srt(shown) == (
        "1\n00:00:00,000 --> 00:00:01,500\nOne\n\n2\n01:01:01,005 --> 01:01:02,000\nTwo\nlines\n"
    )


def test_webvtt_has_its_header_and_escapes_what_would_be_markup() -> None:
    shown = [Cue(text="a <b> & --> c", start_ms=60_000, end_ms=61_000)]
    assert write_vtt(shown) == (
        "WEBVTT\n\n00:01:00.000 --> 00:01:01.000\na &lt;b&gt; &amp; --&gt; c\n"
    )


def test_a_text_neither_ends_its_cue_nor_begins_another() -> None:
    shown = [Cue(text="one\n\n 2\n00:00 --> 00:01", start_ms=0, end_ms=1000)]
    assert write_srt(shown).split("\n\n") == [write_srt(shown)]
    assert write_srt(shown).count("-->") == 1
    assert write_vtt(shown).count("-->") == 1
