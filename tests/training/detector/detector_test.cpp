// SPDX-License-Identifier: Apache-2.0
//
// The detector: its network, which cell has to detect which face, its losses, how its detections are evaluated.
#include "nn/models/detector.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "detector/cell_targets.hpp"
#include "detector/detections.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace nn = drgan::nn;
namespace contract = cv::drgan::contract;
using namespace drgan::train;

namespace {

/// An upright face, given the middle and the side of its box, which is a square.
SceneFace face(double x, double y, double side) {
    const double eyes = y + (contract::boxEyesY - 0.5) * side, mouth = y + (contract::boxMouthY - 0.5) * side;
    const double places[] = {x - 0.15 * side, eyes,  x + 0.15 * side, eyes, x, y + 0.1 * side,
                             x - 0.12 * side, mouth, x + 0.12 * side, mouth};
    SceneFace result;
    std::copy(std::begin(places), std::end(places), result.landmarks.begin());
    result.box = {x - side / 2, y - side / 2, side, side};
    return result;
}

torch::Tensor boxes(const std::vector<float>& values) { return torch::tensor(values).view({-1, 4}); }

/// Maps that match the targets: score 0.98, elsewhere 0.02.
nn::Edges perfect(const std::vector<nn::CellTargets>& targets, int64_t pictures, int width, int height) {
    nn::Edges maps;
    for (size_t level = 0; level < 3; ++level) {
        const int64_t h = height / contract::detectorStrides[level], w = width / contract::detectorStrides[level];
        const auto spread = [&](const torch::Tensor& values, int64_t channels) {
            torch::Tensor cells = torch::zeros({pictures * h * w, channels});
            cells.index_copy_(0, targets[level].positive, values);
            return cells.view({pictures, h, w, channels}).permute({0, 3, 1, 2}).contiguous();
        };
        maps[contract::detectorScore[level]] =
            0.02 + spread(torch::full({targets[level].positive.size(0), 1}, 0.96), 1);
        maps[contract::detectorBox[level]] = spread(targets[level].box, 4);
        maps[contract::detectorLandmarks[level]] = spread(targets[level].landmarks, 10);
    }
    return maps;
}

TEST(DetectorNetwork, IsAsSmallAsItShouldBe) {
    int64_t weights = 0;
    for (const auto& p : nn::detector({})->parameters()) {
        weights += p.numel();
    }
    EXPECT_GT(weights, 60000);
    EXPECT_LT(weights, 90000);
}

TEST(DetectorNetwork, LooksAtPicturesOfAnySize) {
    nn::Graph network = nn::detector({0.1});
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{32, 32}, {64, 160}}) {
        const nn::Edges maps = network->forward({{contract::detectorImage, torch::zeros({2, 3, height, width})}});
        for (size_t i = 0; i < 3; ++i) {
            const int64_t s = contract::detectorStrides[i];
            EXPECT_EQ(maps.at(contract::detectorScore[i]).sizes(), (std::vector<int64_t>{2, 1, height / s, width / s}));
            EXPECT_EQ(maps.at(contract::detectorBox[i]).size(1), 4);
            EXPECT_EQ(maps.at(contract::detectorLandmarks[i]).size(1), 10);
        }
    }
    EXPECT_THROW(network->forward({{contract::detectorImage, torch::zeros({2, 1, 32, 32})}}), std::runtime_error);
}

TEST(CellTargets, AFaceGoesToTheMapsOfItsSize) {
    const std::pair<double, std::vector<bool>> cases[] = {{12, {true, false, false}},  {36, {true, true, false}},
                                                          {60, {false, true, false}},  {90, {false, true, true}},
                                                          {150, {false, false, true}}, {400, {false, false, true}}};
    for (const auto& [side, expected] : cases) {
        const auto targets = cellTargets({{}, {face(130, 100, side)}}, 256, 192);
        ASSERT_EQ(targets.size(), 3U);
        for (size_t i = 0; i < 3; ++i) {
            EXPECT_EQ(targets[i].positive.numel() > 0, expected[i]) << side << ", map " << i;
            const int64_t cells = 256 * 192 / (contract::detectorStrides[i] * contract::detectorStrides[i]);
            ASSERT_EQ(targets[i].score.numel(), 2 * cells);
            EXPECT_EQ(targets[i].score.slice(0, 0, cells).abs().sum().item<float>(), 0);  // the first one has no face
            EXPECT_EQ((targets[i].score == 1).sum().item<int64_t>(), targets[i].positive.numel());
            EXPECT_LE(targets[i].positive.numel(), 9);
        }
    }
}

TEST(CellTargets, SayWhereTheFaceIs) {
    const SceneFace known = face(100, 70, 60);
    const auto targets = cellTargets({{known}}, 256, 256);
    const auto& t = targets[1];
    ASSERT_GT(t.positive.numel(), 0);
    for (int64_t i = 0; i < t.positive.numel(); ++i) {
        const auto cell = t.positive[i].item<int64_t>();
        const double column = static_cast<double>(cell % 16), row = static_cast<double>(cell / 16);
        EXPECT_NEAR(16 * (column + t.box[i][0].item<double>()), 100, 1e-3);
        EXPECT_NEAR(16 * (row + t.box[i][1].item<double>()), 70, 1e-3);
        EXPECT_NEAR(16 * std::exp(t.box[i][2].item<double>()), 60, 1e-2);
        EXPECT_NEAR(16 * std::exp(t.box[i][3].item<double>()), 60, 1e-2);
        EXPECT_NEAR(16 * (column + t.landmarks[i][4].item<double>()), known.landmarks[4], 1e-3);
        EXPECT_NEAR(16 * (row + t.landmarks[i][9].item<double>()), known.landmarks[9], 1e-3);
    }
}

TEST(CellTargets, EveryFaceIsFoundByACell) {
    for (double x = 1; x < 256; x += 17.3) {
        for (const double side : {12.0, 30.0, 70.0, 130.0, 256.0}) {
            int64_t cells = 0;
            for (const auto& t : cellTargets({{face(x, 255 - x, side)}}, 256, 256)) {
                cells += t.positive.numel();
            }
            EXPECT_GT(cells, 0) << x << ", " << side;
        }
    }
}

TEST(CellTargets, AroundTheMiddleCellsAreFree) {
    const auto targets = cellTargets({{face(128, 128, 200)}}, 256, 256);
    const torch::Tensor score = targets[2].score.view({8, 8});
    EXPECT_EQ(score[4][4].item<float>(), 1);
    EXPECT_EQ(score[4][6].item<float>(), -1);
    EXPECT_EQ(score[4][0].item<float>(), 0);
    EXPECT_EQ(targets[0].score.abs().sum().item<float>(), 0);  // a mouth is not a small face
}

TEST(CellTargets, BoxesNeedNotBeSquare) {
    SceneFace known = face(100, 70, 60);
    known.box = {80, 35, 40, 70};
    const auto targets = cellTargets({{known}}, 256, 256);
    const auto& t = targets[1];
    ASSERT_GT(t.positive.numel(), 0);
    const auto cell = t.positive[0].item<int64_t>();
    EXPECT_NEAR(16 * (static_cast<double>(cell % 16) + t.box[0][0].item<double>()), 100, 1e-3);
    EXPECT_NEAR(16 * std::exp(t.box[0][2].item<double>()), 40, 1e-2);
    EXPECT_NEAR(16 * std::exp(t.box[0][3].item<double>()), 70, 1e-2);
}

TEST(CellTargets, NothingIsLearnedWhereAFaceIsNotSure) {
    SceneFace perhaps = face(128, 128, 64);
    perhaps.sure = false;
    for (const auto& [side, t] : {std::pair<int64_t, nn::CellTargets>{32, cellTargets({{perhaps}}, 256, 256)[0]},
                                  {16, cellTargets({{perhaps}}, 256, 256)[1]}}) {
        EXPECT_EQ(t.positive.numel(), 0);
        const torch::Tensor score = t.score.view({side, side});
        EXPECT_EQ(score[side / 2][side / 2].item<float>(), -1);
        EXPECT_EQ(score[side / 2][side * 3 / 8].item<float>(), -1);  // the box's edge
        EXPECT_EQ(score[0][0].item<float>(), 0);
    }
    // A sure one beside it is learned.
    const auto both = cellTargets({{perhaps, face(140, 128, 30)}}, 256, 256);
    EXPECT_GT(both[0].positive.numel(), 0);
}

TEST(DetectorLoss, OverlapsAreThoseOfTheBoxes) {
    const float two = std::log(2.F), four = std::log(4.F);
    const torch::Tensor a = boxes({0, 0, two, two, 0, 0, two, two, 0, 0, two, two});
    const torch::Tensor b = boxes({0, 0, two, two, 1, 0, two, four, 9, 0, two, two});
    const auto [iou, giou] = nn::overlaps(a, b);
    EXPECT_NEAR(iou[0].item<float>(), 1, 1e-5);
    EXPECT_NEAR(giou[0].item<float>(), 1, 1e-5);
    EXPECT_NEAR(iou[1].item<float>(), 2. / 10, 1e-5);             // 1 x 2 of 4 + 8
    EXPECT_NEAR(giou[1].item<float>(), 2. / 10 - 2. / 12, 1e-5);  // 3 x 4 around 10
    EXPECT_NEAR(iou[2].item<float>(), 0, 1e-5);
    EXPECT_NEAR(giou[2].item<float>(), -(22. - 8) / 22, 1e-5);
}

TEST(DetectorLoss, IsSmallWhereAllIsRightAndGrowsWithEachMistake) {
    const auto targets = cellTargets({{face(60, 64, 40)}, {face(50, 50, 100)}}, 128, 128);
    const nn::Edges right = perfect(targets, 2, 128, 128);
    const nn::DetectorLosses least = nn::detectorLosses(right, targets);
    EXPECT_LT(least.score.item<float>(), 0.01);
    EXPECT_NEAR(least.box.item<float>(), 0, 1e-4);
    EXPECT_NEAR(least.landmarks.item<float>(), 0, 1e-6);

    nn::Edges wrong = right;
    wrong[contract::detectorScore[0]] = right.at(contract::detectorScore[0]).clone();
    wrong[contract::detectorScore[0]][0][0][0][0] = 0.9;  // a detection in a corner without a face
    EXPECT_GT(nn::detectorLosses(wrong, targets).score.item<float>(), least.score.item<float>() + 0.05);
    wrong = right;
    wrong[contract::detectorBox[2]] = right.at(contract::detectorBox[2]) + 0.3;
    EXPECT_GT(nn::detectorLosses(wrong, targets).box.item<float>(), 0.05);
    EXPECT_GT(nn::detectorLosses(wrong, targets).score.item<float>(),
              least.score.item<float>());  // its score is too high
    wrong = right;
    wrong[contract::detectorLandmarks[2]] = right.at(contract::detectorLandmarks[2]) + 0.3;
    EXPECT_GT(nn::detectorLosses(wrong, targets).landmarks.item<float>(), 0.005);
}

TEST(DetectorLoss, FreeCellsDoNotCount) {
    const auto targets = cellTargets({{face(128, 128, 200)}}, 256, 256);
    nn::Edges maps = perfect(targets, 1, 256, 256);
    const float before = nn::detectorLosses(maps, targets).score.item<float>();
    maps[contract::detectorScore[2]][0][0][4][6] = 0.9;
    EXPECT_EQ(nn::detectorLosses(maps, targets).score.item<float>(), before);
}

TEST(DetectorLoss, WithoutAFaceOnlyTheScoreIsLearned) {
    const auto targets = cellTargets({{}}, 64, 64);
    nn::Graph network = nn::detector({0.1});
    const auto losses =
        nn::detectorLosses(network->forward({{contract::detectorImage, torch::rand({1, 3, 64, 64})}}), targets);
    EXPECT_GT(losses.score.item<float>(), 0);
    EXPECT_EQ(losses.box.item<float>(), 0);
    EXPECT_EQ(losses.landmarks.item<float>(), 0);
}

TEST(DetectorLoss, EveryTermReachesTheNetwork) {
    torch::manual_seed(1);
    nn::Graph network = nn::detector({0.2});
    const auto targets = cellTargets({{face(40, 40, 40)}, {face(64, 64, 120)}}, 128, 128);
    for (int term = 0; term < 3; ++term) {
        network->zero_grad();
        const auto losses =
            nn::detectorLosses(network->forward({{contract::detectorImage, torch::randn({2, 3, 128, 128})}}), targets);
        (term == 0 ? losses.score : term == 1 ? losses.box : losses.landmarks).backward();
        EXPECT_GT(network->parameters().front().grad().abs().max().item<float>(), 0) << term;
    }
}

TEST(Detections, AreTheFacesOfPerfectMaps) {
    const std::vector<std::vector<SceneFace>> faces{{face(60, 64, 40), face(200, 30, 14)}, {}, {face(120, 100, 180)}};
    const auto found = detections(perfect(cellTargets(faces, 256, 192), 3, 256, 192), 0.5);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].size(), 2U);
    EXPECT_TRUE(found[1].empty());
    ASSERT_EQ(found[2].size(), 1U);
    EXPECT_NEAR(found[2][0].box.x, 30, 0.01);
    EXPECT_NEAR(found[2][0].box.height, 180, 0.01);
    EXPECT_NEAR(found[2][0].landmarks[4], 120, 0.01);
    EXPECT_NEAR(found[2][0].score, 0.98, 1e-5);
    const DetectorErrors errors = detectorErrors(found, faces);
    EXPECT_NEAR(errors.averagePrecision, 1, 1e-9);
    EXPECT_NEAR(errors.landmarks, 0, 1e-3);
}

TEST(Detections, ErrorsAreWhatTheySay) {
    const auto find = [](double x, double side, float score) {
        Detection d = asDetection(face(x, 50, side));
        d.score = score;
        return d;
    };
    const std::vector<std::vector<SceneFace>> truth{{face(50, 50, 40), face(150, 50, 40)}, {face(80, 50, 20)}};
    // By descending score in each picture: true, false (the same face again), false; and one whose box is large.
    const std::vector<std::vector<Detection>> found{{find(50, 40, 0.9F), find(52, 40, 0.8F), find(250, 40, 0.3F)},
                                                    {find(80, 26, 0.6F)}};
    const DetectorErrors errors = detectorErrors(found, truth);
    EXPECT_NEAR(errors.recall, 2. / 3, 1e-9);
    EXPECT_NEAR(errors.precision, 2. / 3, 1e-9);
    EXPECT_NEAR(errors.averagePrecision, (1 + 2. / 3) / 3, 1e-9);
    // Where there may be a face, a detection is neither right nor wrong.
    std::vector<std::vector<SceneFace>> unsure = truth;
    unsure[0].push_back(face(250, 50, 44));
    unsure[0].back().sure = false;
    EXPECT_NEAR(detectorErrors(found, unsure, 0.2).precision, 2. / 3, 1e-9);
    EXPECT_NEAR(detectorErrors(found, truth, 0.2).precision, 2. / 4, 1e-9);
    EXPECT_NEAR(detectorErrors(found, unsure, 0.2).recall, 2. / 3, 1e-9);
    EXPECT_TRUE(std::isnan(detectorErrors({{}}, {{}}).recall));
    EXPECT_EQ(detectorErrors({{}}, {truth[0]}).recall, 0);
    EXPECT_TRUE(std::isnan(detectorErrors({{}}, {truth[0]}).precision));
}

}  // namespace
