import nbformat
import pytest
from nbclient import NotebookClient

from thesis_lib.experiments.progress import progress_bar


@pytest.mark.parametrize("text", ["[red]a", "[/a]", "[bold", "a[1]"])
def test_a_title_and_its_news_are_printed_as_they_are(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(f"{text} title", 1) as bar:
        bar.set_postfix_str(f"{text} news", refresh=False)
        bar.update()
    told, results = capsys.readouterr()[::-1]
    assert f"{text} title" in told
    assert f"{text} news" in told
    assert not results


def test_a_process_that_is_not_the_first_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("title", 1, disable=True) as bar:
        bar.update()
    assert capsys.readouterr() == ("", "")


def test_an_executed_notebook_keeps_one_line_of_it_the_last() -> None:
    source = (
        "from thesis_lib.experiments.progress import progress_bar\n"
        "with progress_bar('Training', 3) as bar:\n"
        "    for step in range(3):\n"
        "        bar.set_postfix_str(f'loss {step}.5', refresh=False)\n"
        "        bar.update()\n"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    (output,) = NotebookClient(notebook, kernel_name="python3").execute().cells[0].outputs
    assert "Training: 100%" in output.data["text/plain"]
    assert "3/3" in output.data["text/plain"]
    assert "loss 2.5" in output.data["text/plain"]
