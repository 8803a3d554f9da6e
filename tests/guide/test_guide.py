"""The manual's pages: all listed, each with a title and the question that it answers."""

import re

import pytest

from nas_asc.errors import GuideError
from nas_asc.guide import TOPICS, list_topics, load_page
from tests.manual import GUIDE


def test_every_page_is_a_topic():
    assert sorted(TOPICS) == sorted(path.stem for path in GUIDE.glob("*.md"))
    assert [page.topic for page in list_topics()] == list(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_page_begins_with_its_title_and_one_question(topic):
    page = load_page(topic)
    assert re.fullmatch(r"[A-Z][^\n#]+", page.title)
    assert re.fullmatch(r"[A-Z][^.?!|`]+\?", page.question)
    assert page.text.startswith(f"# {page.title}\n\n{page.question}\n\n")
    assert re.findall(r"^# .*$", page.text, re.MULTILINE) == [f"# {page.title}"]


def test_no_two_pages_answer_one_question():
    assert len({page.question for page in list_topics()}) == len({page.title for page in list_topics()}) == len(TOPICS)


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("serching", "Did you mean 'searching'?"),
        ("Data", "Did you mean 'data'?"),
        ("tflite", "The word is in counting, files, microcontroller, spaces, rooms."),
        ("zzz", "The topics are searching, machines, "),
        ("../guide/data", "The topics are searching, machines, "),
    ],
)
def test_unknown_topic_is_answered_with_what_there_is(word, remedy):
    with pytest.raises(GuideError, match=re.escape(f"no topic {word!r}. {remedy}")):
        load_page(word)
