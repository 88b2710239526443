import pytest

from thesis_lib.experiments.progress import progress_bar


@pytest.mark.parametrize("text", ["[red]a", "[/a]", "[bold", "a[1]"])
def test_brackets_in_a_title_and_its_news_are_printed_as_they_are(
    text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with progress_bar(f"{text} title", 1) as bar:
        bar.advance(f"{text} news")
    printed = capsys.readouterr().err
    assert f"{text} title" in printed
    assert f"{text} news" in printed
