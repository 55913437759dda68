"""Real cells (Kang et al. 2018): which genes of a query matter to its predictions, and which do not."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from semafo import keys
from semafo.data.load import load
from semafo.errors import DataError
from semafo.runs.export.annotated_query import UNKNOWN, labels_at
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings
from semafo.training import steps
from tests.support.silent import Silent

pytestmark = pytest.mark.long
DONORS = ("101", "1015", "1016", "1039")  # of the reference; four others are the query's


class Annotation:
    """Annotates the query with some of its genes by the whole reference."""

    def __init__(self, kang_path, folder):
        whole = ad.read_h5ad(kang_path)
        in_reference = whole.obs["donor"].astype(str).isin(DONORS).to_numpy()
        self._folder, self._query = folder, whole[~in_reference].copy()
        self.genes = self._query.var_names
        whole[in_reference].copy().write_h5ad(folder / "reference.h5ad")

    def spec(self, kept, min_overlap=0.7):
        path = self._folder / "query.h5ad"
        self._query[:, self.genes.isin(kept)].copy().write_h5ad(path)
        columns = {"label_key": "cell_type_broad", "batch_key": "batch"}
        return DatasetSpec(str(self._folder / "reference.h5ad"), **columns, query=str(path), min_overlap=min_overlap)

    def train(self, kept, min_overlap=0.7):
        spec = self.spec(kept, min_overlap)
        obs = load(spec).obs
        batches = tuple(sorted(set(obs.loc[obs[keys.ROLE] == keys.REFERENCE, keys.BATCH_COLUMN])))
        split = SplitSettings(reference=batches, labelled_rate=0.0)
        result = steps.train(RunConfig(spec, split, Mix.parse("scanvi")), progress=Silent())
        return result, result.cells[result.cells[keys.ROLE] == keys.QUERY]


@pytest.fixture(scope="module")
def annotation(kang_path, tmp_path_factory):
    return Annotation(kang_path, tmp_path_factory.mktemp("kang"))


@pytest.fixture(scope="module")
def whole(annotation):
    return annotation.train(annotation.genes)


def test_the_genes_of_the_model_alone_give_the_predictions_of_the_whole_file(annotation, whole):
    result, cells = whole
    read = result.prepared.cells.var_names
    others = annotation.genes.difference(read)
    n_others = round(0.59 * len(annotation.genes)) - len(read)
    kept = read.append(pd.Index(np.random.default_rng(0).permutation(others)[:n_others]))
    found, same_cells = annotation.train(kept)
    assert len(read) == 2000
    assert found.prepared.cells.var_names.equals(read)
    pd.testing.assert_frame_equal(same_cells, cells, check_exact=True)
    assert (found.latent == result.latent).all()
    assert found.scores["support"] is None


def test_without_nearly_all_genes_of_the_model_a_query_is_refused_or_unknown(annotation, whole):
    result, cells = whole
    assert (labels_at(cells, 0.5) == UNKNOWN).mean() < 0.05
    read = result.prepared.cells.var_names
    lost = np.random.default_rng(0).permutation(read)[: round(0.96 * len(read))]
    kept = annotation.genes.difference(lost)
    assert len(kept) / len(annotation.genes) > 0.8
    with pytest.raises(DataError, match="has 80 of the 2000 genes that the model would read"):
        load(annotation.spec(kept))
    found, few = annotation.train(kept, min_overlap=0.0)
    assert (labels_at(few, 0.5) == UNKNOWN).mean() > 0.9
    support = found.scores["support"]
    assert support["right"] < 0.6 < 0.95 < support["right_with_all"]
