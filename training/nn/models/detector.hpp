// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/graph/graph.hpp"

/// The face detection network and its losses.
namespace drgan::nn {

struct DetectorSpec {
    double width = 1;        ///< channels, times this; 1: 75 thousand weights
    bool normalised = true;  ///< batch normalisation after each unit
};

/// image [N,3,H,W], H and W multiples of 32 -> a score, a box and landmarks for every cell of three maps, as
/// model_contract.hpp says. The layers of YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine
/// Intelligence Research 2023) up to stride 32, with one box a cell; what the coarse maps know goes down to the finer
/// ones.
Graph detector(const DetectorSpec& spec);

// Per map of YuNet of 2022: boxes a cell, and values a box (offsets and sizes of box and landmarks, two logits, IoU).
constexpr int64_t yunetAnchors[] = {3, 2, 2}, yunetValues = 17;

/// The detector with the weights of YuNet: for each cell, initially one of its boxes.
/// @param path ONNX file of YuNet as cv::FaceDetectorYN of OpenCV 4.5.4 to 4.7 reads it (2022)
/// @throws std::runtime_error naming the file and what is wrong with it
Graph detectorFromYunet(const std::string& path);

/// What the cells of one map are to say, B pictures, K = B H W cells.
struct CellTargets {
    torch::Tensor score;      ///< [K] 1: this cell is to find a face; 0: there is none; -1: either will do
    torch::Tensor positive;   ///< [P] int64, the cells of score 1
    torch::Tensor box;        ///< [P,4] as box_s of the contract
    torch::Tensor landmarks;  ///< [P,10] as landmarks_s
};

struct DetectorLosses {
    torch::Tensor score, box, landmarks;  ///< scalars
};

/// Losses over all maps, each a sum over cells / number of positive cells.
///
/// score: binary cross entropy towards the square root of the IoU of the cell's box where there is a face, so that
/// among the cells that find a face the one whose box fits best wins, and towards 0 where there is none; cells that are
/// right already count little, by the square of how far off they are ("quality focal loss", Li et al., "Generalized
/// Focal Loss", NeurIPS 2020). box: 1 - GIoU (Rezatofighi et al., CVPR 2019), and half of the L1 distance of centre (in
/// units of the sides) and logarithms of the sides, which goes on where GIoU is nearly flat. landmarks: smooth L1 in
/// units of the face's side.
/// @param found outputs of detector()
/// @param targets one for each of contract::detectorStrides
DetectorLosses detectorLosses(const Edges& found, const std::vector<CellTargets>& targets);

/// IoU and GIoU [P] of boxes [P,4] in the form of box_s, both of the same cell.
std::pair<torch::Tensor, torch::Tensor> overlaps(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace drgan::nn
