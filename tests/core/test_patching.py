"""What changes of a JSON object do, and what they leave as it was written."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecine.core.projects import apply_patch, deep_merged, merged, pictures
from telecine.kit.errors import FileTooLargeError, InvalidRequestError, StaleError, TelecineError

_PICTURE: Final = "https://x.example/a.png"


def patched(text: str, *operations: dict[str, Any], max_bytes: int = 10_000) -> str:
    return apply_patch(text, json.dumps(operations), max_bytes=max_bytes)


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def test_a_merge_replaces_whole_keys_and_keeps_the_others_to_the_letter() -> None:
    old = '{"fps": 3e1, "items": {"a": 1.0, "b": 2}, "x": 1.50}'
    assert merged(old, '{"items": {"c": 0.10}, "y": null}') == (
        '{"fps":3e1,"items":{"c": 0.10},"x":1.50,"y":null}'
    )


def test_a_deep_change_keeps_values_and_drops_spaces_escapes_and_keys_that_stood_twice() -> None:
    old = r'{ "b": {"x" :  12345678901234567890123, "c": "\u00e9", "e": 1, "e": 1E5}, "n": null}'
    new = '{"b":{"x":12345678901234567890123,"c":"é","e":1E5},"n":null}'
    assert patched(old) == new
    assert deep_merged(old, "{}") == new


# RFC 7396, Appendix A, as far as both are objects.
@pytest.mark.parametrize(
    ("old", "part", "new"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_deep_merge_does_as_the_standard_shows(old: Any, part: Any, new: Any) -> None:
    assert json.loads(deep_merged(json.dumps(old), json.dumps(part))) == new


def test_a_deep_merge_keeps_the_order_of_keys_and_every_number_as_written() -> None:
    old = '{"z": 1.0, "a": {"q": 1E5, "b": 12345678901234567890123}, "m": -0.0}'
    assert deep_merged(old, '{"a": {"n": 2.50}}') == (
        '{"z":1.0,"a":{"q":1E5,"b":12345678901234567890123,"n":2.50},"m":-0.0}'
    )


# RFC 6902, Appendix A.
@pytest.mark.parametrize(
    ("old", "operation", "new"),
    [
        ({"foo": "bar"}, add("/baz", "qux"), {"foo": "bar", "baz": "qux"}),
        ({"foo": ["bar", "baz"]}, add("/foo/1", "qux"), {"foo": ["bar", "qux", "baz"]}),
        ({"baz": "qux", "foo": "bar"}, {"op": "remove", "path": "/baz"}, {"foo": "bar"}),
        ({"foo": [1, 2, 3]}, {"op": "remove", "path": "/foo/1"}, {"foo": [1, 3]}),
        ({"baz": "q"}, {"op": "replace", "path": "/baz", "value": "boo"}, {"baz": "boo"}),
        (
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            {"op": "move", "from": "/foo/waldo", "path": "/qux/thud"},
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        ),
        ({"f": [1, 2, 3]}, {"op": "move", "from": "/f/0", "path": "/f/2"}, {"f": [2, 3, 1]}),
        ({"baz": [1]}, {"op": "test", "path": "/baz/0", "value": 1.0}, {"baz": [1]}),
        ({"foo": "bar"}, add("/child", {"grand": {}}), {"foo": "bar", "child": {"grand": {}}}),
        ({"foo": "bar"}, {**add("/baz", 1), "xyz": 123}, {"foo": "bar", "baz": 1}),
        ({"/": 9, "~1": 10}, {"op": "test", "path": "/~01", "value": 10}, {"/": 9, "~1": 10}),
        ({"foo": ["bar"]}, add("/foo/-", ["abc", "def"]), {"foo": ["bar", ["abc", "def"]]}),
        ({"a": {}}, {"op": "copy", "from": "", "path": "/a/b"}, {"a": {"b": {"a": {}}}}),
        ({"a": 1}, add("", {"b": 2}), {"b": 2}),
    ],
)
def test_a_patch_does_as_the_standard_shows(old: Any, operation: Any, new: Any) -> None:
    assert json.loads(patched(json.dumps(old), operation)) == new


@pytest.mark.parametrize(
    "operation",
    [
        add("/baz/bat", "qux"),
        add("/foo/7", 1),
        add("/foo/01", 1),
        add("/foo/1e0", 1),
        add("foo", 1),
        add("/bad~2", 1),
        add("/text/0", 1),
        {"op": "add", "path": "/x"},
        {"op": "remove", "path": "/nothing"},
        {"op": "remove", "path": "/foo/-"},
        {"op": "remove", "path": "/text/0"},
        {"op": "remove", "path": "/foo/0/1"},
        {"op": "replace", "path": "/foo/0/1", "value": 1},
        {"op": "replace", "path": "/nothing", "value": 1},
        {"op": "move", "path": "/x"},
        {"op": "move", "from": "/deep", "path": "/deep/er"},
        {"op": "copy", "from": "/nothing", "path": "/x"},
        {"op": "test", "path": "/nothing", "value": 1},
        {"op": "explode", "path": "/foo"},
        {"path": "/foo"},
        "not an operation",
    ],
)
def test_what_cannot_be_done_is_refused_by_its_place(operation: Any) -> None:
    old = '{"foo": [1, 2], "text": "abc", "deep": {"er": {}}}'
    with pytest.raises(InvalidRequestError) as caught:
        patched(old, add("/fine", 1), operation)
    assert (caught.value.field or "").startswith("data.patch")


@pytest.mark.parametrize(
    ("path", "value"), [("/a", 2), ("/a", True), ("/l", [1, 3]), ("/l", [1]), ("/o", {"x": 2})]
)
def test_a_test_that_fails_is_told_from_a_mistake(path: str, value: Any) -> None:
    with pytest.raises(StaleError):
        patched(
            '{"a": 1, "l": [1, 2], "o": {"x": 1}}', {"op": "test", "path": path, "value": value}
        )


def test_a_patch_keeps_what_it_does_not_name_as_written() -> None:
    old = '{"z": 1.0, "a": [1E5, 0.10], "big": 12345678901234567890123}'
    copy = {"op": "copy", "from": "/a", "path": "/b"}
    assert patched(old, copy, add("/c", 1.0)) == (
        '{"z":1.0,"a":[1E5,0.10],"big":12345678901234567890123,"b":[1E5,0.10],"c":1.0}'
    )


def test_what_is_replaced_stays_in_its_place() -> None:
    replace = {"op": "replace", "path": "/a", "value": 3}
    assert patched('{"a":1,"b":2}', replace) == '{"a":3,"b":2}'


def test_copies_of_copies_come_to_an_end() -> None:
    twice = [{"op": "copy", "from": "", "path": f"/{n}"} for n in range(60)]
    with pytest.raises(FileTooLargeError):
        patched('{"text": "0123456789"}', *twice)


def test_a_copy_is_a_value_of_its_own() -> None:
    copy = {"op": "copy", "from": "/a", "path": "/b"}
    assert json.loads(patched('{"a": [1]}', copy, add("/b/-", 2))) == {"a": [1], "b": [1, 2]}


def test_what_is_nested_without_end_is_refused() -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    deeper = [{"op": "copy", "from": "", "path": "/a" * 900}] * 3
    with pytest.raises(InvalidRequestError):
        patched(deep, *deeper, max_bytes=10**9)


WORDS = st.sampled_from(["a", "b", "0", "1", "-", "~", "", "\x00"])
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False, width=16),
        WORDS,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)
POINTERS = st.lists(WORDS, max_size=3).map(lambda words: "".join(f"/{word}" for word in words))
OPERATIONS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
        "path": POINTERS,
        "from": POINTERS,
        "value": JSON,
    }
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(WORDS, JSON, max_size=4), st.lists(OPERATIONS, max_size=4))
def test_whatever_a_patch_says_it_is_done_or_refused(old: Any, operations: Any) -> None:
    try:
        text = patched(json.dumps(old), *operations)
    except TelecineError:
        return
    json.loads(text)


@pytest.mark.parametrize(
    "assets",
    [
        {"image": [{"id": "a", "remoteUrl": _PICTURE}]},
        {"images": [{"id": "a", "src": _PICTURE}]},
        {"a": {"type": "image", "src": _PICTURE}},
        {"video": [{"id": "v", "src": "https://x.example/v.mp4", "posterUrl": _PICTURE}]},
    ],
)
def test_the_first_picture_is_found_in_every_form_of_assets(assets: object) -> None:
    found = pictures(json.dumps({"assets": assets}))

    assert found.images + found.posters == (_PICTURE,)
