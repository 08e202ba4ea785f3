"""The run's report/ folder: index.html, each chart as PNG, the numbers behind each figure as Parquet.

It is drawn anew whenever it is asked for, so unlike a step's its files are replaced; index.html is written last.
"""

from recall.report.assemble import Report
from recall.report.charts import draw, drawn_names
from recall.report.html_page import page_of
from recall.run.store import Store, table_bytes

FOLDER = "report"
INDEX = f"{FOLDER}/index.html"


def write_report(store: Store, report: Report) -> str:
    """Write the folder and return where its index.html lies. Same report, same bytes."""
    drawn = {data.name: draw(data) for data in report.figures if data.name in drawn_names()}
    files = {f"{FOLDER}/data/{data.name}.parquet": table_bytes(data.columns(), data.schema) for data in report.figures}
    files |= {f"{FOLDER}/figures/{name}.png": one.png for name, one in drawn.items()}
    page = page_of(report, drawn).encode("utf-8", "replace")
    for key in store.keys(f"{FOLDER}/"):
        if key not in files:
            store.remove(key)
    for key, data in sorted(files.items()):
        replace(store, key, data)
    store.publish(INDEX, page)
    return store.url(INDEX)


def replace(store: Store, key: str, data: bytes) -> None:
    """Put a file where an older one may be."""
    if store.exists(key):
        if store.read(key) == data:
            return
        store.remove(key)
    store.publish(key, data)
