// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/graph/graph.hpp"

/// The face detection network and its losses.
namespace drgan::nn {

struct DetectorSpec {
    double width = 1;  ///< channels, times this; 1: 70 thousand weights
};

/// image [N,3,H,W], H and W multiples of 32 -> a score, a box and landmarks for every cell of three maps, as
/// model_contract.hpp says. Depthwise separable convolutions; what the coarse maps know goes down to the finer ones.
Graph detector(const DetectorSpec& spec);

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
/// score: binary cross entropy towards (1 + IoU) / 2 of the cell's box where there is a face, so that among the cells
/// that find a face the one whose box fits best wins, and towards 0 where there is none; cells that are right already
/// count little, by the square of how far off they are ("quality focal loss", Li et al., "Generalized Focal Loss",
/// NeurIPS 2020). box: 1 - GIoU (Rezatofighi et al., CVPR 2019). landmarks: smooth L1 in units of the face's side.
/// @param found outputs of detector()
/// @param targets one for each of contract::detectorStrides
DetectorLosses detectorLosses(const Edges& found, const std::vector<CellTargets>& targets);

/// IoU and GIoU [P] of boxes [P,4] in the form of box_s, both of the same cell.
std::pair<torch::Tensor, torch::Tensor> overlaps(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace drgan::nn
