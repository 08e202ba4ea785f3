"""The chart of two corpora: by principal components with what is far, and as a map."""

from matplotlib.figure import Figure
from matplotlib.patches import Circle

from recall.report.charts.style import INK, SERIES, WIDE, new
from recall.report.contents import FigureData


def plane(data: FigureData) -> Figure:
    """Both corpora by principal components on the left, far pages ringed; the same pages by t-SNE on the right."""
    figure, (measured, mapped) = new(WIDE, 5.2, panels=2)
    rows = [dict(zip(data.schema, row, strict=True)) for row in data.rows]
    colors = [SERIES[row["side"]] for row in rows]
    rings = [0.8 if row["far"] else 0.0 for row in rows]
    for axes, x, y in ((measured, "x", "y"), (mapped, "map_x", "map_y")):
        positions = [row[x] for row in rows], [row[y] for row in rows]
        axes.scatter(*positions, s=11, color=colors, edgecolors=INK, linewidths=rings, alpha=0.75)
    for side in range(2):
        centre, beyond = (data.marks[f"x{side}"], data.marks[f"y{side}"]), data.marks[f"beyond{side}"]
        measured.add_patch(Circle(centre, beyond, fill=False, color=SERIES[side], linestyle=(0, (4, 2)), linewidth=1.2))
        name = next((row["corpus"] for row in rows if row["side"] == side), "")
        measured.scatter([centre[0]], [centre[1]], marker="+", s=60, color=SERIES[side], label=name)
    measured.set_xlabel(f"first component ({data.marks['first']:.1%} of the variance)")
    measured.set_ylabel(f"second component ({data.marks['second']:.1%})")
    measured.set_title("by principal components")
    mapped.set_title("as a map (t-SNE)")
    mapped.set_xticks([])
    mapped.set_yticks([])
    mapped.grid(visible=False)
    measured.set_aspect("equal")
    figure.legend(*measured.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
