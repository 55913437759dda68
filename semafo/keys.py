"""Every AnnData column, obsm key, table column and file name, once."""

# obs columns of the AnnData that a model sees. The label column has hidden labels replaced by UNLABELLED.
BATCH = "semafo_batch"
LABEL = "semafo_label"
UNLABELLED = "unlabelled"  # scvi-tools' unlabeled_category; a type of that name in the data is a missing label

# obsm keys
X_SCVI = "X_scVI"
X_SCANVI = "X_scANVI"
X_SEMAFOVI = "X_semafoVI"
X_PCA = "X_pca"
X_UMAP = "X_umap"
X_TSNE = "X_tsne"  # on request

# Columns of a split (one row a cell), and of a run's per-cell table, which adds the predictions.
CELL = "cell"  # obs name, the table's index
TRUE = "true_label"  # the data's own label; missing where the data have none
BATCH_COLUMN = "batch"
ROLE = "role"
PART = "part"
ROW = "row_in_file"  # reference and query from two files: the cell's place in its own file, from 0
PREDICTED = "predicted_label"
CONFIDENCE = "confidence"  # probability of the predicted type, times what the query's genes support; 0 to 1
MODEL_COUNTS = "counts_in_model_genes"  # of the cell, in the genes that the model reads
MAPPING_SCORE = "mapping_score"  # surgery, query cells: 1 in the midst of the reference's cells, 0 far from them
SCALED_CONFIDENCE = "confidence_scaled"  # the same after temperature scaling, where a temperature was fitted
BEFORE_QUERY = "predicted_before_query"  # surgery: before the query stage; missing for reference cells
UNSEEN_LABEL = "semafo_unseen_label"  # a query's label that the reference lacks, set aside; missing elsewhere

# Columns of the table of the data set's own columns, added where it lacks them
N_COUNTS = "total_counts"  # library size: UMI counts of all genes
N_GENES = "n_genes"  # genes with a count
PHASE = "cell_cycle_phase"  # G1, S or G2M; left out where too few of the genes are there

# Values of ROLE
REFERENCE = "reference"
QUERY = "query"  # in one stage every cell is a query cell

# Values of PART
LABELLED = "labelled"  # the model sees the label
HIDDEN = "hidden"  # has a label, may be labelled at a higher rate, hidden at this one
TEST = "test"  # has a label that is hidden at every rate: unsuffixed scores are on these cells
CALIBRATION = "calibration"  # labelled, but kept from the model: the temperature is fitted on these
MISSING = "missing"  # the data have no label: predicted, never scored

# Forms of training
SURGERY = "surgery"
ONE_STAGE = "one-stage"

# Stages, in the order in which they run
PRETRAIN = "pretrain"  # scVI, without labels
SEMI_SUPERVISED = "semi-supervised"  # scANVI / SemafoVAE on the reference (surgery) or on all cells (one stage)
QUERY_STAGE = "query"  # surgery only: the query mapped onto the reference
MAPS = "maps"  # predictions, latent representation, UMAP
SCORES = "scores"  # the scib table

# Terms of the loss, in nats a cell (scVI's stage has `reconstruction`, `kl` and `loss` only)
TERMS = ("reconstruction", "scanvi_regulariser", "semafo_regulariser", "kl_u", "kl_y", "classification")
LATENT_SCALE = "latent_scale"  # standard deviation of z, in latent units
LABEL_GAP = "label_gap"  # in nats
DIAGNOSTICS = (LATENT_SCALE, LABEL_GAP)  # in the history beside the terms, in the semi-supervised and the query stage

# Baselines on the same split, as `baselines.json` and the command line name them
MAJORITY = "majority"
LOGISTIC_GENES = "logistic-regression"
LOGISTIC_LATENT = "logistic-regression-latent"
KNN = "knn"
BASELINES = (MAJORITY, LOGISTIC_GENES, LOGISTIC_LATENT, KNN)
BEFORE_QUERY_MIX = "before-query"  # a model before its query stage

# States of a run
QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"
CANCELLED = "cancelled"
ACTIVE_STATES = (QUEUED, RUNNING)
UNREADABLE = "unreadable"  # of a listed run that this version cannot read; no status file says so

# Files of a run's folder. The manifest is written last and commits the run.
CONFIG_FILE = "config.json"
ABOUT_FILE = "about.json"  # name, tags and notes that people gave the run; no part of it, so in no manifest
STATUS_FILE = "status.json"
PROGRESS_FILE = "progress.json"
HISTORY_FILE = "history.jsonl"
SPLIT_FILE = "split.json"
CELLS_FILE = "cells.parquet"
PROBABILITIES_FILE = "probabilities.npy"
PREDICTIONS_FILE = "predictions.json"
INTEGRATION_FILE = "integration.json"
BASELINES_FILE = "baselines.json"
BASELINE_CELLS_FILE = "baselines.parquet"  # predicted type of each cell, one column a baseline
MARKERS_FILE = "markers.json"
GENES_FILE = "genes.json"
EXPRESSION_FILES = ("expression_indptr.npy", "expression_cells.npy", "expression_values.npy")  # CSC, by gene
OBS_FILE = "obs.parquet"  # the data set's own columns, one row a cell
REPLAY_FILE = "replay.npz"  # latent positions of a sample of cells at chosen epochs
REPLAY_FRAMES_FILE = "replay.json"  # stage and epoch of each of these
LIVE_FOLDER = "live"  # the same positions while the run trains, a file a frame; gone once the run has its maps
LIVE_SAMPLE_FILE = "sample.json"  # in that folder: true label and batch of each cell, in the order of the positions
X_TSNE_STATE_FILE = "X_tsne.json"  # how the computation of a t-SNE ended, where it did not end well
FACTORS_FILE = "factors.json"  # what each latent dimension carries
TRAVERSAL_FILE = "traversal.npy"  # expression along each dimension, from each type: (types, dimensions, steps, genes)
WEIGHTS_FILE = "model.safetensors"
MODEL_FILE = "model.json"
ENVIRONMENT_FILE = "environment.json"
LOG_FILE = "log.txt"
MANIFEST_FILE = "manifest.json"
CANCEL_FILE = "cancel"  # its presence asks the worker to stop


def array_file(obsm_key: str) -> str:
    """Name of the file that holds an embedding, one row a cell in the order of the per-cell table."""
    return f"{obsm_key}.npy"


def live_frame_file(number: int, stage: str, epoch: int, n_epochs: int) -> str:
    """Name of a frame's file in the live folder: frames are numbered from 0 as they are made, epoch 0 is the start."""
    return f"{number:04d}_{stage}_{epoch}_of_{n_epochs}.npy"
