"""Writes tables and English texts of Debian packages as compact files to ../.cache/tables/.

apt-get install perl-modules-5.36 r-base-core r-cran-mlbench r-cran-kernlab r-cran-ggplot2 python3-sklearn
/usr/bin/python3 tables.py

The file of a table has three int32 (rows, features, classes), then the features (float32, row by row, with mean 0 and
deviation 1 over all rows), then the classes (uint8). The rows are shuffled.
"""

import pathlib
import pydoc_data.topics
import subprocess
import tempfile

import numpy as np
from sklearn.datasets import load_digits

FOLDER = pathlib.Path(__file__).parent.parent / ".cache" / "tables"

# For each data set: its package, its name, and an R expression for the features and, as the last column, the class.
TABLES = {
    "letters": ("mlbench", "LetterRecognition", "cbind(d[, -1], d[, 1])"),
    "satellite": ("mlbench", "Satellite", "d"),
    "dna": ("mlbench", "DNA", "d"),
    "spam": ("kernlab", "spam", "cbind(log1p(d[, -58]), d[, 58])"),
    # The class is the decile of the price.
    "diamonds": ("ggplot2", "diamonds", "cbind(d[, -7], ceiling(10 * rank(d$price) / nrow(d)))"),
}


def from_r(package, name, columns):
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        script = (
            f'e <- new.env(); p <- system.file("data", "Rdata", package = "{package}");'
            f'if (file.exists(paste0(system.file("data", package = "{package}"), "/Rdata.rdb")))'
            f' lazyLoad(file.path(system.file("data", package = "{package}"), "Rdata"), envir = e)'
            f' else data("{name}", package = "{package}", envir = e);'
            f'd <- as.data.frame(e[["{name}"]]); d <- {columns};'
            f'write.table(sapply(d, as.numeric), "{file.name}", sep = ",", row.names = FALSE, col.names = FALSE)'
        )
        subprocess.run(["Rscript", "-e", script], check=True)
        table = np.loadtxt(file.name, delimiter=",")
    return table[:, :-1], np.unique(table[:, -1], return_inverse=True)[1]


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    tables = {name: from_r(*source) for name, source in TABLES.items()}
    tables["digits"] = load_digits(return_X_y=True)
    for name, (features, classes) in tables.items():
        order = np.random.RandomState(7).permutation(len(classes))
        features = (features - features.mean(0)) / np.maximum(features.std(0), 1e-6)
        shape = np.array([*features.shape, classes.max() + 1], "<i4")
        bytes_ = shape.tobytes() + features[order].astype("<f4").tobytes() + classes[order].astype("u1").tobytes()
        (FOLDER / f"{name}.bin").write_bytes(bytes_)
        print(name, *shape)
    (FOLDER / "topics.txt").write_text("\n".join(pydoc_data.topics.topics.values()))
    (FOLDER / "perl.txt").write_text(pathlib.Path("/usr/share/perl/5.36.0/pod/perldiag.pod").read_text())
    news = [pathlib.Path(f"/usr/share/R/doc/NEWS.{i}").read_text(errors="replace") for i in (2, 3)]
    (FOLDER / "news.txt").write_text("\n".join(news))


if __name__ == "__main__":
    main()
