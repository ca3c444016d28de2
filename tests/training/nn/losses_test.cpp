// SPDX-License-Identifier: Apache-2.0
#include "nn/models/losses.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace nn = drgan::nn;
using torch::Tensor;

namespace {

bool near(const Tensor& a, const Tensor& b, double tolerance = 1e-5) { return torch::allclose(a, b, 0, tolerance); }

class Losses : public testing::Test {
protected:
    void SetUp() override { torch::manual_seed(7); }
};

TEST_F(Losses, FusionIgnoresTheScaleOfTheConfidences) {
    const Tensor f = torch::randn({6, 5}), w = torch::rand({6, 1}) + 0.1;
    EXPECT_TRUE(near(nn::fuse(f, w, 3), nn::fuse(f, w * 0.01, 3)));
}

TEST_F(Losses, FusionIgnoresTheOrderOfThePictures) {
    const Tensor f = torch::randn({3, 5}), w = torch::rand({3, 1}) + 0.1;
    const Tensor order = torch::tensor({2, 0, 1});
    EXPECT_TRUE(near(nn::fuse(f, w, 3), nn::fuse(f.index_select(0, order), w.index_select(0, order), 3)));
}

TEST_F(Losses, FusionOfOnePictureIsThatPicture) {
    const Tensor f = torch::randn({4, 5});
    EXPECT_TRUE(near(nn::fuse(f, torch::rand({4, 1}) + 0.1, 1), f));
}

TEST_F(Losses, FusionWeighsByConfidence) {
    const Tensor f = torch::tensor({{1.F, 0.F}, {0.F, 1.F}}), w = torch::tensor({{0.75F}, {0.25F}});
    EXPECT_TRUE(near(nn::fuse(f, w, 2), torch::tensor({{0.75F, 0.25F}})));
}

TEST_F(Losses, FusionWithoutConfidenceStaysFinite) {
    const Tensor f = torch::randn({4, 5});
    EXPECT_TRUE(near(nn::fuse(f, torch::zeros({4, 1}), 2), f.view({2, 2, 5}).mean(1), 1e-4));
}

TEST_F(Losses, FusedLossReachesTheConfidences) {
    Tensor w = torch::full({4, 1}, 0.5, torch::requires_grad());
    nn::cosineLoss(nn::fuse(torch::randn({4, 5}), w, 2), torch::randn({2, 5})).backward();
    EXPECT_GT(w.grad().abs().min().item<float>(), 0);
}

TEST_F(Losses, CosineLossIsZeroForTheSameDirectionAndTwoForTheOpposite) {
    const Tensor f = torch::randn({3, 5});
    EXPECT_NEAR(nn::cosineLoss(f, 4 * f).item<double>(), 0, 1e-6);
    EXPECT_NEAR(nn::cosineLoss(f, -f).item<double>(), 2, 1e-6);
}

TEST_F(Losses, MarginSoftmaxByHand) {
    // Cosines 0.6 and 0.8; the true one is reduced to 0.4 and both are scaled by 10: -log(e^4 / (e^4 + e^8)).
    const Tensor loss = nn::marginSoftmax(torch::tensor({{3.F, 4.F}}), torch::eye(2), torch::tensor({0}), 10, 0.2);
    EXPECT_NEAR(loss.item<double>(), std::log(1 + std::exp(4.0)), 1e-4);
}

TEST_F(Losses, ReconstructionWeighsPictures) {
    const Tensor face = torch::zeros({2, 3, 2, 2});
    const Tensor target = torch::stack({torch::full({3, 2, 2}, 0.5), torch::ones({3, 2, 2})});
    EXPECT_NEAR(nn::reconstructionLoss(face, target, torch::tensor({1.F, 0.F})).item<double>(), 0.5, 1e-6);
    EXPECT_NEAR(nn::reconstructionLoss(face, target, torch::tensor({1.F, 1.F})).item<double>(), 0.75, 1e-6);
    EXPECT_TRUE(std::isfinite(nn::reconstructionLoss(face, target, torch::zeros({2})).item<double>()));
}

TEST_F(Losses, FocusCountsTheFaceMoreThanTheCorners) {
    const Tensor focus = nn::faceFocus(32);
    EXPECT_FLOAT_EQ(focus[17][16].item<float>(), 1);
    EXPECT_NEAR(focus[0][0].item<float>(), 0.2, 0.05);
    const Tensor face = torch::zeros({1, 3, 32, 32}), weight = torch::ones({1});
    Tensor inside = face.clone(), corner = face.clone();
    inside[0][0][17][16] = 1;
    corner[0][0][0][0] = 1;
    EXPECT_GT(nn::reconstructionLoss(face, inside, weight, focus).item<double>(),
              3 * nn::reconstructionLoss(face, corner, weight, focus).item<double>());
    EXPECT_NEAR(nn::reconstructionLoss(face, torch::ones_like(face), weight, focus).item<double>(), 1, 1e-5);
}

/// Every term of the generator's loss must have gradients for both the decoder's and the encoder's weights.
class GeneratorGradient : public testing::TestWithParam<const char*> {};

TEST_P(GeneratorGradient, IsNotZero) {
    torch::manual_seed(3);
    const std::string term = GetParam();
    const bool discriminates = term == "cvpr" || term == "tpami" || term == "patch";
    const auto form = nn::discriminatorForm(discriminates ? term : "cvpr");
    nn::Graph encoder = nn::casiaEncoder({16, 8, 0.1}), decoder = nn::mirroredDecoder({16, 8, 3, 4, 0.1});
    nn::Graph critic = nn::discriminator({16, 5, 3, 0.1, form});
    const Tensor person = torch::tensor({0, 4, 2, 2}), pose = torch::tensor({0, 1, 2, 1});
    const auto [embedding, confidence] = nn::encode(encoder, torch::rand({4, 3, 16, 16}) * 2 - 1);
    const Tensor codes = torch::cat({embedding, nn::fuse(embedding, confidence, 2)});
    const Tensor poseCode = torch::one_hot(pose, 3).to(torch::kFloat32);
    const Tensor face = nn::decode(decoder, codes, torch::cat({poseCode, poseCode.slice(0, 0, 2)})).slice(0, 0, 4);
    Tensor loss;
    if (term == "reconstruction") {
        loss = nn::reconstructionLoss(face, torch::zeros_like(face), torch::ones({4}));
    } else if (term == "identity") {
        loss = nn::cosineLoss(nn::encode(encoder, face).first, embedding.detach());
    } else {
        nn::Edges seen{{"image", face}};
        if (term == "patch") {
            seen["pose"] = poseCode;
        }
        loss = nn::generatorLoss(form, critic->forward(seen), person, pose);
    }
    loss.backward();
    for (const auto& network : {encoder, decoder}) {
        double sum = 0;
        for (const auto& p : network->parameters()) {
            sum += p.grad().defined() ? p.grad().abs().sum().item<double>() : 0;
        }
        EXPECT_GT(sum, 0);
    }
}

INSTANTIATE_TEST_SUITE_P(Terms, GeneratorGradient,
                         testing::Values("reconstruction", "identity", "cvpr", "tpami", "patch"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(Losses, DiscriminatorIsPaidForTellingGeneratedFromReal) {
    // CVPR: identities 0, 1 and "generated" = 2.
    const Tensor person = torch::tensor({1}), pose = torch::tensor({0});
    const nn::Edges real{{"identity", torch::tensor({{0.F, 9.F, 0.F}})}, {"pose", torch::tensor({{9.F, 0.F}})}};
    const nn::Edges caught{{"identity", torch::tensor({{0.F, 0.F, 9.F}})}, {"pose", torch::tensor({{0.F, 0.F}})}};
    const nn::Edges fooled{{"identity", torch::tensor({{0.F, 9.F, 0.F}})}, {"pose", torch::tensor({{0.F, 0.F}})}};
    const auto form = nn::DiscriminatorForm::Cvpr;
    EXPECT_LT(nn::discriminatorLoss(form, real, caught, person, pose).item<double>(), 0.01);
    EXPECT_GT(nn::discriminatorLoss(form, real, fooled, person, pose).item<double>(), 8);
    EXPECT_LT(nn::generatorLoss(form, real, person, pose).item<double>(), 0.01);
    EXPECT_GT(nn::generatorLoss(form, caught, person, pose).item<double>(), 8);
}

TEST(FaceAlone, FadesTheBackground) {
    const Tensor picture = torch::full({1, 3, 32, 32}, -0.5), alone = nn::faceAlone(picture)[0][1];
    EXPECT_FLOAT_EQ(alone[18][16].item<float>(), -0.5F);
    EXPECT_FLOAT_EQ(alone[0][0].item<float>(), 0);
    EXPECT_FLOAT_EQ(alone[31][31].item<float>(), 0);
    EXPECT_LT(alone[16][0].item<float>(), -0.05F);  // at the border of the faded area
}

TEST(InGrey, IsTheMeanOfTheChannelsForAllAlike) {
    torch::manual_seed(4);
    const Tensor pictures = (torch::rand({2, 3, 8, 8}) * 2 - 1).requires_grad_(), grey = nn::inGrey(pictures);
    for (int64_t channel = 0; channel < 3; ++channel) {
        EXPECT_TRUE(near(grey.select(1, channel), pictures.mean(1)));
    }
    (grey * torch::rand({2, 3, 8, 8})).sum().backward();
    EXPECT_TRUE(near(pictures.grad().select(1, 0), pictures.grad().select(1, 1)));
    EXPECT_TRUE(near(pictures.grad().select(1, 0), pictures.grad().select(1, 2)));
    EXPECT_GT(pictures.grad().abs().max().item<float>(), 0.1F);
}

TEST(Unsettled, ChangesColoursAndMovesAllPicturesAlike) {
    torch::manual_seed(3);
    const Tensor pictures = torch::rand({2, 3, 16, 16}), middle = torch::full({3, 6}, 0.5);
    EXPECT_TRUE(near(nn::unsettled(pictures, middle), pictures));  // the middle of a range changes nothing
    Tensor draw = middle.clone();
    draw[0][0] = 1;  // the first picture's red gain, 1.2
    draw[1][4] = 0;  // the second picture's green offset, -0.15
    Tensor expected = pictures.clone();
    expected[0][0] *= 1.2;
    expected[1][1] -= 0.15;
    EXPECT_TRUE(near(nn::unsettled(pictures, draw), expected));
    Tensor right = middle.clone();
    right[2][0] = 0;  // x: the leftmost crop moves everything three pixels to the right
    EXPECT_TRUE(near(nn::unsettled(pictures, right).slice(3, 3), pictures.slice(3, 0, 13)));
    Tensor last = torch::ones({3, 6});
    EXPECT_EQ(nn::unsettled(pictures, last).sizes(), pictures.sizes());
}

TEST(PerceptualLoss, IsZeroForTheSamePictureAndWeighsPictures) {
    torch::manual_seed(2);
    const Tensor a = torch::randn({2, 3, 4, 4}), b = torch::randn({2, 3, 4, 4}), ones = torch::ones({2});
    const nn::Edges one{{"feature_0", a}, {"embedding", torch::zeros({2, 8})}};
    const nn::Edges same{{"feature_0", a}, {"embedding", torch::ones({2, 8})}};  // not a map: ignored
    const nn::Edges other{{"feature_0", b}, {"embedding", torch::zeros({2, 8})}};
    EXPECT_DOUBLE_EQ(nn::perceptualLoss(one, same, ones).item<float>(), 0);
    const float both = nn::perceptualLoss(one, other, ones).item<float>();
    EXPECT_NEAR(both, ((a - b).abs().mean() / b.abs().mean()).item<float>(), 1e-5);
    // Relative to the true map: scaling both by ten does not change the loss.
    const nn::Edges largeOne{{"feature_0", 10 * a}}, largeOther{{"feature_0", 10 * b}};
    EXPECT_NEAR(nn::perceptualLoss(largeOne, largeOther, ones).item<float>(), both, 1e-5);
    const Tensor first = torch::tensor({1.F, 0.F});
    EXPECT_NEAR(nn::perceptualLoss(one, other, first).item<float>(),
                ((a - b)[0].abs().mean() / b.abs().mean()).item<float>(), 1e-5);
}

TEST_F(Losses, TemplatePairsByHand) {
    // Two people with two pictures each; cosines of person 0's first picture: 0.6 with the other one, 0.8 with person
    // 1's.
    const Tensor f = torch::tensor({{3.F, 4.F}, {1.F, 0.F}, {0.F, 1.F}, {0.F, 2.F}}), w = torch::full({4, 1}, 0.5F);
    const double first = std::log(1 + std::exp(10 * (0.8 - 0.4))), second = std::log(1 + std::exp(10 * (0.0 - 0.8)));
    const Tensor loss = nn::templatePairLoss(f, w, torch::tensor({0, 1}), 2, 10, 0.2);
    EXPECT_NEAR(loss.item<double>(), (first + second) / 2, 1e-4);
    // If the same person is in a batch twice, there is nobody to distinguish.
    EXPECT_NEAR(nn::templatePairLoss(f, w, torch::tensor({4, 4}), 2, 10, 0.2).item<double>(), 0, 1e-3);
}

TEST_F(Losses, TemplatePairsTeachConfidences) {
    // The third picture of each person shows somebody else, so its confidence should fall.
    const Tensor f = torch::tensor({{1.F, 0.F}, {1.F, 0.F}, {0.F, 1.F}, {0.F, 1.F}, {0.F, 1.F}, {1.F, 0.F}});
    const Tensor w = torch::full({6, 1}, 0.5, torch::requires_grad());
    nn::templatePairLoss(f, w, torch::tensor({0, 1}), 3, 10, 0.2).backward();
    const Tensor gradient = w.grad().view({2, 3});
    EXPECT_GT(gradient.select(1, 2).min().item<float>(), 0);
    EXPECT_LT(gradient.select(1, 0).max().item<float>(), 0);
}

TEST_F(Losses, ADiscriminatorIsAsStrongAsTheShareItTellsApart) {
    const nn::Edges cvpr{{"identity", torch::tensor({{0.F, 0.F, 5.F}, {5.F, 0.F, 0.F}, {0.F, 1.F, 2.F}})}};
    EXPECT_NEAR(nn::toldApart(nn::DiscriminatorForm::Cvpr, cvpr).item<double>(), 2 / 3., 1e-6);
    const nn::Edges tpami{{"real", torch::tensor({{-1.F}, {2.F}, {3.F}, {4.F}})}};
    EXPECT_NEAR(nn::toldApart(nn::DiscriminatorForm::Tpami, tpami).item<double>(), 0.25, 1e-6);
    EXPECT_NEAR(nn::toldApart(nn::DiscriminatorForm::Patch, tpami).item<double>(), 0.25, 1e-6);
}

}  // namespace
