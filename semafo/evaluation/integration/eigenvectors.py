"""Leading eigenvectors of a sparse symmetric matrix, by the solver that is fastest for its size. Axes: n cells."""

import numpy as np
from scipy import sparse

DENSE_CELLS = 500  # up to which all eigenvectors are faster than some of them
SINGLE_VECTOR_CELLS = 2000  # up to which ARPACK, which adds a vector at a time, is faster than blocks of them
TOLERANCE = 2.0**-24  # relative, of an eigenvalue in ARPACK: single precision's, in which scib-metrics computes

BLOCK = 20  # vectors added at a time
LARGEST_SPACE = 400  # vectors at which the space is cut back
N_SPARE = 40  # vectors kept beyond those asked for, which converge sooner for it
RESIDUAL = 2e-3  # norm of the largest |A v - λ v|
MOST_RESTARTS = 12


def leading_eigenvectors(matrix: sparse.csr_array, n_vectors: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of largest magnitude, rising, and their vectors. Returns (n_vectors,) and (n, n_vectors) float64.

    matrix: (n, n) symmetric float64; n_vectors: less than n; seed: of the start, which moves the result by rounding.
    """
    n = matrix.shape[0]
    if n <= DENSE_CELLS:
        from scipy.linalg import eigh

        values, vectors = eigh(matrix.toarray(), driver="evd")
        return _largest(values, vectors, n_vectors)
    if n <= max(SINGLE_VECTOR_CELLS, 2 * LARGEST_SPACE) or n_vectors + N_SPARE + BLOCK > LARGEST_SPACE:
        from scipy.sparse.linalg import eigsh

        start = np.random.default_rng(seed).uniform(-1, 1, n)
        values, vectors = eigsh(matrix, k=n_vectors, which="LM", v0=start, tol=TOLERANCE)
        return values, vectors
    return _block_lanczos(matrix, n_vectors, seed)


def _block_lanczos(matrix: sparse.csr_array, n_vectors: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Block Lanczos with thick restarts (Baglama et al. 2003) in single precision, every block made orthogonal twice.

    Matrix products take the place of ARPACK's products with vectors. The eigenvalues are taken from the vectors in
    double precision at last, where the error is the square of the vectors'.
    """
    n, single = matrix.shape[0], matrix.astype(np.float32)
    space = np.empty((n, LARGEST_SPACE), dtype=np.float32, order="F")
    projected = np.zeros((LARGEST_SPACE, LARGEST_SPACE))  # its upper triangle: the matrix within the space
    start = np.random.default_rng(seed).standard_normal((n, BLOCK))
    block, size = np.linalg.qr(start.astype(np.float32))[0], 0
    for _ in range(MOST_RESTARTS):
        while size + BLOCK <= LARGEST_SPACE:
            space[:, size : size + BLOCK] = block
            size += BLOCK
            block, remainder = _extend(single, space[:, :size], projected, block)
        upper = np.triu(projected[:size, :size])
        values, rotation = np.linalg.eigh(upper + np.triu(upper, 1).T)
        residuals = np.linalg.norm(remainder @ rotation[-BLOCK:], axis=0)
        kept = np.argsort(-np.abs(values), kind="stable")[: n_vectors + N_SPARE]
        space[:, : len(kept)] = space[:, :size] @ rotation[:, kept].astype(np.float32)
        size = len(kept)
        projected[:] = 0
        projected[np.arange(size), np.arange(size)] = values[kept]
        if residuals[kept[:n_vectors]].max() < RESIDUAL:
            break
    vectors = space[:, :n_vectors].astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=0)
    values = np.einsum("nv,nv->v", vectors, matrix @ vectors)
    return _largest(values, vectors, n_vectors)


def _extend(
    matrix: sparse.csr_array, space: np.ndarray, projected: np.ndarray, block: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Multiply the space's last block and make the product orthogonal to the space; fills `projected`'s columns.

    Returns the next block (n, BLOCK), and what it must be multiplied with to be that remainder.
    """
    size = space.shape[1]
    product = matrix @ np.ascontiguousarray(block)
    inside = space.T @ product
    projected[:size, size - BLOCK : size] = inside
    product -= space @ inside
    product -= space @ (space.T @ product)
    return np.linalg.qr(product)


def _largest(values: np.ndarray, vectors: np.ndarray, n_vectors: int) -> tuple[np.ndarray, np.ndarray]:
    kept = np.argsort(-np.abs(values), kind="stable")[:n_vectors]
    kept = kept[np.argsort(values[kept], kind="stable")]
    return values[kept], vectors[:, kept]
