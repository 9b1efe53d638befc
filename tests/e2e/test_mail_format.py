"""The mail that tests/unit/test_email.c compares byte by byte, read by Python's
email package: what a mail program would see."""
import email.policy
import email.utils
import pathlib

import pytest

MAIL = pathlib.Path(__file__).parents[1] / "cases" / "mail-format" / "mail.eml"


@pytest.fixture(scope="module")
def mail():
    return email.message_from_bytes(MAIL.read_bytes(), policy=email.policy.default)


def test_nothing_in_it_is_broken(mail):
    assert mail.defects == []
    for part in mail.walk():
        assert part.defects == []
        for value in part.values():
            assert value.defects == ()


def test_headers(mail):
    assert mail["Subject"] == ("Срочно: Жалоба ждёт первого ответа — осталось 1 ч 59 мин"
                               " (ozon-main, 63045123-0012-1)")
    assert mail["From"] == "health@example.com"
    assert [a.addr_spec for a in mail["To"].addresses] == ["anna@example.com", "li@example.com"]
    assert mail["Message-ID"] == "<0123456789abcdef0123456789abcdef@example.com>"
    assert mail["In-Reply-To"] == mail["References"] == "<alert-17-1-1775321940@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "List-Id" not in mail


def test_the_date_is_the_recipients(mail):
    date = mail["Date"].datetime
    assert date.utcoffset().total_seconds() == 3 * 3600
    assert date.timestamp() == 1775322000


def test_the_text_and_the_html_say_the_same(mail):
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part in (text, html):
        assert "осталось 1 ч 59 мин, до сб, 21:58 МСК" in part.get_content()
        assert "Возможные потери: 5 069 ₽" in part.get_content()
    assert "<script>" not in html.get_content()


def test_the_text_reflows_and_fits_narrow_screens(mail):
    text, _ = mail.iter_parts()
    assert text["Content-Type"].params["format"] == "flowed"
    assert text["Content-Type"].params["delsp"] == "yes"
    lines = text.get_content().split("\n")
    assert all(len(line) <= 72 for line in lines)
    # Only the signature's mark may end in a space that joins nothing.
    assert not lines[-1]
    for line, following in zip(lines, lines[1:]):
        assert not line.endswith(" ") or line == "-- " or following
