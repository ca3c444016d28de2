// SPDX-License-Identifier: Apache-2.0
//
// The mesh network, its losses, and how well it is measured.

#include "nn/models/face_mesh.hpp"

#include <gtest/gtest.h>

#include "io/face_mesh.hpp"
#include "mesh/validation.hpp"

namespace nn = drgan::nn;
namespace io = drgan::io;
using namespace drgan::train;

namespace {

constexpr int64_t values = 3 * static_cast<int64_t>(io::meshPoints);

/// Meshes whose points lie all over the crop; the eyes are 40 pixels apart, 24 of them along x and 32 along z.
torch::Tensor meshes(int64_t count) {
    torch::manual_seed(2);
    torch::Tensor result = torch::rand({count, values / 3, 3}) * 150 + 20;
    for (const int i : io::rightEyeCorners) {
        result.select(1, i).copy_(torch::tensor({80.F, 90.F, 0.F}));
    }
    for (const int i : io::leftEyeCorners) {
        result.select(1, i).copy_(torch::tensor({104.F, 90.F, 32.F}));
    }
    return result.view({count, values});
}

TEST(MeshLoss, IsInUnitsOfTheEyesDistanceInSpace) {
    const torch::Tensor target = meshes(2), face = torch::ones({2});
    EXPECT_NEAR(nn::eyeDistance(target)[0].item<double>(), 40, 1e-4);
    torch::Tensor found = target.clone();
    found.view({2, -1, 3}).slice(2, 0, 2) += 2;  // 5 % of the distance: 0.25 ln(1 + 0.05 / 0.05)
    const nn::MeshLosses aside = nn::meshLosses(found, target, face);
    EXPECT_NEAR(aside.places.item<double>(), 0.25 * std::log(2), 1e-5);
    EXPECT_EQ(aside.depth.item<double>(), 0);
    found = target.clone();
    found.view({2, -1, 3}).select(2, 2) -= 2;
    const nn::MeshLosses behind = nn::meshLosses(found, target, face);
    EXPECT_EQ(behind.places.item<double>(), 0);
    EXPECT_NEAR(behind.depth.item<double>(), 0.25 * std::log(2), 1e-5);
}

TEST(MeshLoss, MissesDoNotCount) {
    torch::Tensor target = meshes(2);
    target[1].zero_();
    const torch::Tensor found = target + 2, face = torch::tensor({1.F, 0.F});
    const nn::MeshLosses both = nn::meshLosses(found, target, face),
                         one = nn::meshLosses(found.slice(0, 0, 1), target.slice(0, 0, 1), torch::ones({1})),
                         none = nn::meshLosses(found, target, torch::zeros({2}));
    EXPECT_NEAR(both.places.item<double>(), one.places.item<double>(), 1e-6);
    EXPECT_NEAR(both.depth.item<double>(), one.depth.item<double>(), 1e-6);
    EXPECT_EQ(none.places.item<double>(), 0);
}

TEST(MeshNetwork, IsAsSmallAsItsFileMayBe) {
    nn::Graph network = nn::faceMesh({});
    int64_t weights = 0;
    for (const auto& p : network->parameters()) {
        weights += p.numel();
    }
    EXPECT_LT(weights, 450000);
    EXPECT_GT(weights, 200000);
    EXPECT_THROW(nn::faceMesh({176}), std::invalid_argument);
}

TEST(MeshNetwork, BeginsWithTheMeanMeshAndItsDeviations) {
    torch::manual_seed(4);
    nn::Graph network = nn::faceMesh({64, 0.2, 8});
    // Three independent deviations: what the network can say from the beginning spans them.
    const torch::Tensor mean = meshes(1), deviations = torch::randn({3, values});
    const torch::Tensor examples = mean + torch::mm(torch::randn({50, 3}), deviations);
    nn::startFromMeshes(network, examples);
    network->eval();
    torch::NoGradGuard noGrad;
    const nn::Edges found = network->forward({{nn::meshImage, torch::rand({4, 3, 64, 64})}});
    ASSERT_EQ(found.at(nn::meshPlaces).sizes(), (std::vector<int64_t>{4, values}));
    ASSERT_EQ(found.at(nn::meshFace).sizes(), (std::vector<int64_t>{4, 1}));
    EXPECT_LT((found.at(nn::meshPlaces) - mean).abs().mean().item<double>(), 5);
    const auto* last = network->nodes()[network->nodes().size() - 2].module->as<torch::nn::Linear>();
    ASSERT_NE(last, nullptr);
    EXPECT_TRUE(torch::allclose(last->bias, examples.mean(0), 1e-4, 1e-3));
    const torch::Tensor covariance = torch::mm(last->weight, last->weight.t()),
                        wanted = torch::mm((examples - examples.mean(0)).t(), examples - examples.mean(0)) / 50;
    EXPECT_TRUE(torch::allclose(covariance, wanted, 1e-2, 1e-2));
}

TEST(MeshNetwork, EveryTermReachesTheFirstLayer) {
    torch::manual_seed(1);
    nn::Graph network = nn::faceMesh({64, 0.2, 8});
    const torch::Tensor face = torch::ones({4}), target = meshes(4);
    for (int term = 0; term < 3; ++term) {
        network->zero_grad();
        const nn::Edges found = network->forward({{nn::meshImage, torch::rand({4, 3, 64, 64})}});
        const nn::MeshLosses losses = nn::meshLosses(found.at(nn::meshPlaces), target, face);
        (term == 0   ? losses.places
         : term == 1 ? losses.depth
                     : nn::faceLoss(found.at(nn::meshFace).flatten(), face))
            .backward();
        EXPECT_GT(network->parameters().front().grad().abs().max().item<float>(), 0) << term;
    }
}

TEST(MeshValidation, MeasuresWhatItSays) {
    const torch::Tensor truth = meshes(4);
    torch::Tensor found = truth.clone();
    const auto points = found.view({4, -1, 3});
    points[0].select(1, 0) += 3;  // 5 pixels: an eighth of the eyes' distance
    points[0].select(1, 1) += 4;
    points[1].select(1, 2) -= 10;
    points[2].select(1, 0) -= 20;
    const nn::Edges edges{{nn::meshPlaces, found},
                          {nn::meshFace, torch::tensor({0.8F, 0.3F, 0.5F, 0.3F}).view({4, 1})}};
    const torch::Tensor yaw = torch::tensor({-10.F, 15.F, -80.F, 0.F}), face = torch::tensor({1.F, 1.F, 1.F, 0.F});
    const MeshErrors errors = meshErrors(edges, truth, yaw, face);
    EXPECT_NEAR(errors.places[0], 0.125, 1e-5);
    EXPECT_NEAR(errors.places[1], 0, 1e-5);
    EXPECT_NEAR(errors.places[2], 0.5, 1e-5);
    EXPECT_NEAR(errors.depth[0], 0, 1e-5);
    EXPECT_NEAR(errors.depth[1], 0.25, 1e-5);
    EXPECT_NEAR(errors.auc, 2.5 / 3, 1e-6);  // one face has the same score as the non-face
    EXPECT_NEAR(errors.score(), 0.0625, 1e-5);
    EXPECT_TRUE(std::isnan(meshErrors(edges, truth, yaw * 0, face).places[1]));
    EXPECT_NEAR(meshErrors(edges, truth, yaw * 0, face).score(), (0.125 + 0 + 0.5) / 3, 1e-5);
}

}  // namespace
