#!/bin/sh
# Install what training needs: free fonts and word lists from Debian, PyTorch in an environment of its own.
# Usage: training/prepare.sh VENV READER_FOLDER   (as root, for the Debian packages)
set -eu
venv=${1:?folder for the virtual environment}
reader=${2:?folder for the recognizer that takes part in training}

apt-get install -y -q --no-install-recommends \
  fonts-3270 fonts-adf-accanthis fonts-adf-baskervald fonts-adf-gillius fonts-adf-romande \
  fonts-adf-switzera fonts-adf-universalis fonts-adf-verana fonts-agave fonts-amiga fonts-cabin fonts-cmu \
  fonts-compagnon fonts-courier-prime fonts-dejavu-core fonts-dejavu-extra fonts-dosis fonts-ebgaramond \
  fonts-fantasque-sans fonts-freefont-ttf fonts-georgewilliams fonts-gfs-artemisia fonts-gfs-didot \
  fonts-glasstty fonts-gnutypewriter fonts-hack fonts-hermit fonts-inconsolata fonts-jetbrains-mono \
  fonts-junction fonts-jura fonts-karla fonts-liberation2 fonts-lmodern fonts-monofur fonts-noto-core \
  fonts-ocr-b fonts-oldstandard fonts-open-sans fonts-quicksand fonts-roboto-slab fonts-roboto-unhinted \
  fonts-sil-doulos fonts-texgyre fonts-tiresias fonts-tlwg-mono-ttf fonts-tlwg-typewriter-ttf \
  fonts-tlwg-typist-ttf fonts-tuffy fonts-urw-base35 fonts-yanone-kaffeesatz \
  xfonts-75dpi xfonts-base xfonts-terminus
# Validation.
apt-get install -y -q --no-install-recommends \
  fonts-b612 fonts-clear-sans fonts-go fonts-league-mono fonts-mononoki fonts-oxygen fonts-sil-andika \
  fonts-sil-charis
# Evaluation.
apt-get install -y -q --no-install-recommends \
  fonts-anonymous-pro fonts-cantarell fonts-crosextra-caladea fonts-crosextra-carlito fonts-firacode \
  fonts-gfs-neohellenic fonts-inter fonts-lato fonts-linuxlibertine fonts-ocr-a fonts-paratype \
  fonts-sil-gentiumplus fonts-vollkorn tesseract-ocr-eng
# Words.
apt-get install -y -q --no-install-recommends \
  hunspell-cs hunspell-el hunspell-hu hunspell-ro hunspell-ru hunspell-tr wamerican wdutch wfrench witalian \
  wngerman wpolish wportuguese wspanish wswedish wukrainian

python3 -m venv "$venv"
# PyTorch first and alone: another package's open range could bring a build for graphics cards.
"$venv/bin/pip" install -q torch==2.13.0
"$venv/bin/pip" install -q freetype-py numpy onnx onnxruntime opencv-python-headless pillow pytest rapidfuzz tesserocr

# Only the recognizer's file is wanted of this package, which would bring a second OpenCV.
mkdir -p "$reader"
"$venv/bin/pip" download -q --no-deps -d "$reader" rapidocr-onnxruntime==1.4.4
(cd "$reader" && unzip -o -q -j rapidocr_onnxruntime-1.4.4-*.whl '*/ch_PP-OCRv4_rec_infer.onnx')
ls -l "$reader/ch_PP-OCRv4_rec_infer.onnx"
