"""How a data set is read, as options of commands: for processes that are started, and for people to repeat."""

from semafo.settings.run_config import DatasetSpec


def reading_options(spec: DatasetSpec) -> list[str]:
    """Options by which `semafo check` and `annotate` read a data set and its query, but for defaults."""
    names = ["query", "label_key", "batch_key", "counts", "n_hvg", "gene_key"]
    names += ["query_gene_key", "min_overlap"] if spec.query is not None else []
    values = {name: getattr(spec, name) for name in names if getattr(spec, name) != getattr(DatasetSpec, name)}
    given = [part for name, value in values.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    given += [part for name in spec.missing_labels for part in ("--missing-label", name)]
    return [*given, *(["--round-counts"] if spec.round_counts else [])]
