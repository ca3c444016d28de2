// SPDX-License-Identifier: Apache-2.0
#include "detector/cell_targets.hpp"

#include <algorithm>
#include <cmath>

#include "opencv2/drgan/model_contract.hpp"

namespace drgan::train {

namespace contract = cv::drgan::contract;

namespace {

// Sides of the boxes that each map is responsible for, in pixels, and how far beyond them it is free.
constexpr double smallest[] = {0, 32, 80}, largest[] = {44, 104, 1e9};
constexpr double freeFactor = 1.35;

// Cells this far from a face's middle find it, each way: in units of its side, and in strides at least and at most.
constexpr double near = 0.22, nearLeast = 0.75, nearMost = 1.5;
constexpr double freeRing = 1;  // strides around those

struct Map {
    int stride, width, height;
    std::vector<float> score;     // [B H W]
    std::vector<double> nearest;  // distance of the face that a positive cell is to find
    std::vector<const SceneFace*> face;
};

void claim(Map& map, size_t picture, const SceneFace& face, bool responsible) {
    const double side = sideOf(face) / map.stride;
    const double reach = face.sure ? std::clamp(near * side, nearLeast, nearMost) : side / 2;
    const double x = (face.box.x + face.box.width / 2) / map.stride;
    const double y = (face.box.y + face.box.height / 2) / map.stride;
    const int nearestX = std::clamp(static_cast<int>(std::lround(x)), 0, map.width - 1);
    const int nearestY = std::clamp(static_cast<int>(std::lround(y)), 0, map.height - 1);
    const int out = static_cast<int>(reach + freeRing) + 1;
    for (int r = std::max(0, nearestY - out); r <= std::min(map.height - 1, nearestY + out); ++r) {
        for (int c = std::max(0, nearestX - out); c <= std::min(map.width - 1, nearestX + out); ++c) {
            const size_t cell = (picture * static_cast<size_t>(map.height) + r) * map.width + c;
            const double away = std::max(std::abs(c - x), std::abs(r - y));
            const bool isNearest = c == nearestX && r == nearestY;
            if (responsible && (away <= reach || isNearest) && (!map.face[cell] || away < map.nearest[cell])) {
                map.score[cell] = 1;
                map.nearest[cell] = away;
                map.face[cell] = &face;
            } else if (away <= reach + freeRing && !map.face[cell]) {
                map.score[cell] = -1;
            }
        }
    }
}

nn::CellTargets tensors(const Map& map) {
    std::vector<int64_t> positive;
    std::vector<float> boxes, points;
    for (size_t cell = 0; cell < map.score.size(); ++cell) {
        if (!map.face[cell]) {
            continue;
        }
        positive.push_back(static_cast<int64_t>(cell));
        const double column = static_cast<double>(cell % map.width);
        const double row = static_cast<double>(cell / map.width % map.height);
        const cv::Rect2d& box = map.face[cell]->box;
        boxes.insert(boxes.end(), {static_cast<float>((box.x + box.width / 2) / map.stride - column),
                                   static_cast<float>((box.y + box.height / 2) / map.stride - row),
                                   static_cast<float>(std::log(box.width / map.stride)),
                                   static_cast<float>(std::log(box.height / map.stride))});
        for (int k = 0; k < 10; ++k) {
            points.push_back(
                static_cast<float>(map.face[cell]->landmarks[k] / map.stride - (k % 2 == 0 ? column : row)));
        }
    }
    return {torch::tensor(map.score), torch::tensor(positive, torch::kInt64), torch::tensor(boxes).view({-1, 4}),
            torch::tensor(points).view({-1, 10})};
}

}  // namespace

std::vector<nn::CellTargets> cellTargets(const std::vector<std::vector<SceneFace>>& faces, int width, int height) {
    std::vector<nn::CellTargets> result;
    for (size_t level = 0; level < std::size(contract::detectorStrides); ++level) {
        const int stride = contract::detectorStrides[level];
        Map map{stride, width / stride, height / stride, {}, {}, {}};
        const size_t cells = faces.size() * static_cast<size_t>(map.width) * map.height;
        map.score.assign(cells, 0);
        map.nearest.assign(cells, 0);
        map.face.assign(cells, nullptr);
        for (size_t i = 0; i < faces.size(); ++i) {
            for (const SceneFace& face : faces[i]) {
                const double side = sideOf(face);
                if (!face.sure) {
                    claim(map, i, face, false);
                } else if (side >= smallest[level] / freeFactor && side <= largest[level] * freeFactor) {
                    claim(map, i, face, side >= smallest[level] && side <= largest[level]);
                }
            }
        }
        result.push_back(tensors(map));
    }
    return result;
}

}  // namespace drgan::train
