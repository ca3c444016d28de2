// SPDX-License-Identifier: Apache-2.0
//
// The aligner: its network, losses, crops and runs.

#include "nn/models/aligner.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "aligner/trainer.hpp"
#include "export/bundle.hpp"
#include "nn/graph/widen.hpp"
#include "nn/models/detector.hpp"
#include "nn/models/networks.hpp"
#include "opencv2/drgan/model_contract.hpp"
#include "run/stopped_run.hpp"
#include "small_face_set.hpp"

namespace fs = std::filesystem;
namespace nn = drgan::nn;
namespace contract = cv::drgan::contract;
using namespace drgan::train;

namespace {

const std::vector<float> upright{0.4F, 0.4F, 0.6F, 0.4F, 0.5F, 0.5F, 0.45F, 0.6F, 0.55F, 0.6F};

torch::Tensor faces(int count) { return torch::tensor(upright).repeat({count, 1}); }

TEST(AlignerLoss, IsInUnitsOfTheFace) {
    const torch::Tensor one = torch::ones({1}), target = faces(1);
    EXPECT_NEAR(nn::eyeMouth(target).item<double>(), 0.2, 1e-6);
    EXPECT_EQ(nn::landmarkLoss(target, target, one).item<double>(), 0);
    const torch::Tensor off = target + 0.01;  // 5 % of the eye-mouth distance: 0.25 ln(1 + 0.05 / 0.05)
    EXPECT_NEAR(nn::landmarkLoss(off, target, one).item<double>(), 0.25 * std::log(2), 1e-5);
    EXPECT_NEAR(nn::landmarkLoss(off * 2, target * 2, one).item<double>(), 0.25 * std::log(2), 1e-5);
    // The loss is continuous at 25 %, where it becomes linear.
    EXPECT_NEAR(nn::landmarkLoss(target + 0.04999, target, one).item<double>(),
                nn::landmarkLoss(target + 0.05001, target, one).item<double>(), 1e-3);
    EXPECT_NEAR(nn::landmarkLoss(target + 0.2, target, one).item<double>() -
                    nn::landmarkLoss(target + 0.1, target, one).item<double>(),
                0.5, 1e-5);
}

TEST(AlignerLoss, YawIsQuadraticThenLinear) {
    const torch::Tensor one = torch::ones({1}), none = torch::zeros({1});
    EXPECT_NEAR(nn::yawLoss(none + 0.05, none, one).item<double>(), 0.0125, 1e-6);
    EXPECT_NEAR(nn::yawLoss(none - 0.6, none, one).item<double>(), 0.55, 1e-6);
}

TEST(AlignerLoss, MissesDoNotCount) {
    const torch::Tensor face = torch::tensor({1.F, 0.F});
    torch::Tensor target = faces(2), found = target + 0.01;
    target[1].zero_();
    const double loss = nn::landmarkLoss(found, target, face).item<double>();
    EXPECT_NEAR(loss, nn::landmarkLoss(found.slice(0, 0, 1), target.slice(0, 0, 1), torch::ones({1})).item<double>(),
                1e-6);
    EXPECT_EQ(nn::landmarkLoss(found, target, torch::zeros({2})).item<double>(), 0);
    EXPECT_NEAR(nn::yawLoss(torch::tensor({0.3F, 9.F}), torch::zeros({2}), face).item<double>(), 0.25, 1e-6);
    EXPECT_NEAR(nn::faceLoss(torch::tensor({0.5F, 0.25F}), face).item<double>(), -(std::log(0.5) + std::log(0.75)) / 2,
                1e-5);
}

TEST(AlignerLoss, EveryTermReachesTheNetwork) {
    torch::manual_seed(1);
    nn::Graph network = nn::aligner({32, 0.2});
    for (const char* name : {contract::alignerLandmarks, contract::alignerYaw, contract::alignerScore}) {
        network->zero_grad();
        const torch::Tensor found = network->forward({{contract::alignerCrop, torch::randn({4, 3, 32, 32})}}).at(name);
        const torch::Tensor face = torch::ones({4});
        const torch::Tensor loss =
            name == std::string(contract::alignerLandmarks) ? nn::landmarkLoss(found, faces(4), face)
            : name == std::string(contract::alignerYaw)     ? nn::yawLoss(found.flatten(), face * 0.4, face)
                                                            : nn::faceLoss(found.flatten(), face);
        loss.backward();
        EXPECT_GT(network->parameters().front().grad().abs().max().item<float>(), 0) << name;
    }
}

TEST(AlignerNetwork, IsAsSmallAsItsFileMayBe) {
    nn::Graph network = nn::aligner({});
    int64_t weights = 0;
    for (const auto& p : network->parameters()) {
        weights += p.numel();
    }
    EXPECT_LT(weights, 75000);
    EXPECT_GT(weights, 50000);
    EXPECT_THROW(nn::aligner({40, 1}), std::invalid_argument);
}

TEST(AlignerNetwork, BeginsWithMeansOfPlacesInsideTheCrop) {
    torch::manual_seed(1);
    nn::Graph net = nn::aligner({});
    net->eval();
    torch::NoGradGuard noGrad;
    const torch::Tensor crops = torch::cat({torch::zeros({1, 3, 64, 64}), torch::rand({3, 3, 64, 64}) * 2 - 1});
    const torch::Tensor found = net->forward({{contract::alignerCrop, crops}}).at(contract::alignerLandmarks);
    EXPECT_LT((found - 0.5).abs().max().item<double>(), 0.25) << "untrained maps give the middle";
    const torch::Tensor wild = net->forward({{contract::alignerCrop, crops * 1e4}}).at(contract::alignerLandmarks);
    EXPECT_GE(wild.min().item<double>(), 0.5 / 16 - 1e-5) << "the middle of the first cell";
    EXPECT_LE(wild.max().item<double>(), 1 - 0.5 / 16 + 1e-5) << "the middle of the last one";
}

TEST(AlignerNetwork, WidenedItComputesTheSameAndLearnsOn) {
    torch::manual_seed(3);
    nn::Graph narrow = nn::aligner({32, 0.5}), wide = nn::aligner({32, 0.75});
    const nn::Edges crops{{contract::alignerCrop, torch::rand({8, 3, 32, 32}) * 2 - 1}};
    narrow->train();
    narrow->forward(crops);  // gives batch norm statistics to copy
    narrow->eval();
    wide->eval();
    const nn::Edges before = wide->forward(crops), wanted = narrow->forward(crops);
    nn::widen(wide, narrow);
    nn::Edges found = wide->forward(crops);
    torch::Tensor sum = torch::zeros({});
    for (const auto& [name, value] : wanted) {
        EXPECT_TRUE(torch::allclose(found.at(name), value, 1e-4, 1e-5)) << name;
        EXPECT_FALSE(torch::allclose(before.at(name), value, 1e-3, 1e-3)) << name;
        sum = sum + found.at(name).square().sum();
    }
    // The added channels get used: the convolutions that read them have gradients.
    sum.backward();
    for (const auto& node : wide->nodes()) {
        if (node.op == "Conv" && node.integer("groups") == 1 && node.integer("in") > 3) {
            const torch::Tensor learns = node.module->as<torch::nn::Conv2d>()->weight.grad();
            const torch::Tensor further = learns.slice(1, learns.size(1) * 2 / 3 + 1);
            EXPECT_GT(further.abs().max().item<float>(), 0) << node.output;
        }
    }
    EXPECT_THROW(nn::widen(narrow, wide), std::runtime_error);
    nn::Graph other = nn::detector({0.5});
    EXPECT_THROW(nn::widen(other, narrow), std::runtime_error);
}

TEST(AlignerValidation, MeasuresWhatItSays) {
    torch::Tensor found = faces(4);
    found[0] += torch::tensor({0.03F, 0.04F}).repeat({5});  // 0.05 away: a quarter of the eye-mouth distance
    found[1].select(0, 4) += 0.1;                           // only the nose, by half of it: a tenth on average
    const nn::Edges edges{{contract::alignerLandmarks, found},
                          {contract::alignerYaw, torch::tensor({0.1F, 0.9F, 0.F, 5.F}).view({4, 1})},
                          {contract::alignerScore, torch::tensor({0.8F, 0.3F, 0.5F, 0.3F}).view({4, 1})}};
    const torch::Tensor yaw = torch::tensor({0.F, -0.9F, 0.2F, 0.F}), face = torch::tensor({1.F, 1.F, 1.F, 0.F});
    const AlignerErrors errors = alignerErrors(edges, faces(4), yaw, face);
    EXPECT_NEAR(errors.front, 0.125, 1e-5);  // the mean of the first and the third face
    EXPECT_NEAR(errors.side, 0.1, 1e-5);
    EXPECT_NEAR(errors.yaw, 90 * (0.1 + 1.8 + 0.2) / 3, 1e-3);
    EXPECT_NEAR(errors.auc, 2.5 / 3, 1e-6);  // one face has the same score as the non-face
    EXPECT_NEAR(errors.score(), 0.1125, 1e-5);
    EXPECT_TRUE(std::isnan(alignerErrors(edges, faces(4), yaw * 0, face).side));
    EXPECT_NEAR(alignerErrors(edges, faces(4), yaw * 0, face).score(), (0.25 + 0.1 + 0) / 3, 1e-5);
}

class AlignerRun : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("drgan-aligner-" + std::to_string(::getpid()));
        fs::create_directories(folder_);
        stopRequested = false;
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    AlignerOptions options(const std::string& run, int64_t steps) const {
        if (!fs::exists(path("faces.safetensors"))) {
            SmallFaceSet how;
            how.side = 64;
            how.drawn = true;
            writeSmallFaceSet(path("faces.safetensors"), how);
        }
        AlignerOptions o;
        o.batch.augmentation = {};
        o.faces = path("faces.safetensors");
        o.run = path(run);
        o.steps = steps;
        o.alignerWidth = 0.2;
        o.crops.count = 8;
        o.batch.augmentation.noise = o.batch.augmentation.blur = 0.2;
        o.warmup = 2;
        o.evaluateEvery = 3;
        o.logEvery = 1;
        o.averaging = 0.9;
        o.threads = 1;
        return o;
    }

    static void train(AlignerOptions o) { AlignerTrainer(std::move(o), "").run(); }

    std::string error(const AlignerOptions& o) {
        try {
            AlignerTrainer(o, "").run();
        } catch (const std::exception& e) {
            return e.what();
        }
        return "no error";
    }

    /// A column of a run's metrics.csv without empty cells.
    std::vector<double> metrics(const std::string& run, const std::string& name) const {
        std::ifstream in(path(run + "/metrics.csv"));
        std::vector<double> values;
        int column = -1;
        for (std::string line; std::getline(in, line);) {
            std::istringstream cells(line);
            std::string cell;
            for (int i = 0; std::getline(cells, cell, ','); ++i) {
                if (cell == name) {
                    column = i;
                } else if (i == column && !cell.empty()) {
                    values.push_back(std::stod(cell));
                }
            }
        }
        return values;
    }

    fs::path folder_;
};

TEST_F(AlignerRun, CropsAreEvenInYawAndTheSameForASeed) {
    AlignerOptions o = options("run", 1);
    o.crops.count = 400;
    const drgan::io::FaceSet set(o.faces);
    const AlignerSampler sampler(set, o.batch, o.crops);
    const AlignerBatch batch = sampler.draw(7), again = sampler.draw(7), other = sampler.draw(8);
    EXPECT_EQ(batch.crops, again.crops);
    EXPECT_EQ(batch.landmarks, again.landmarks);
    EXPECT_NE(batch.crops, other.crops);
    ASSERT_EQ(batch.crops.size(), 400U * 3 * cropSide * cropSide);
    const double faceCount = std::accumulate(batch.face.begin(), batch.face.end(), 0.0);
    EXPECT_NEAR(faceCount, 280, 40);  // --missed-share is 0.3; four and a half standard deviations
    int right = 0, range[6] = {};
    for (size_t i = 0; i < batch.face.size(); ++i) {
        if (batch.face[i] == 0) {
            EXPECT_EQ(batch.yaw[i], 0);
            EXPECT_EQ(batch.landmarks[10 * i], 0);
            continue;
        }
        right += batch.yaw[i] > 0 ? 1 : 0;
        ++range[std::min(5, static_cast<int>(std::abs(batch.yaw[i]) * 6))];
        for (int k = 0; k < 10; ++k) {
            EXPECT_GT(batch.landmarks[10 * i + k], -0.05);
            EXPECT_LT(batch.landmarks[10 * i + k], 1.05);
        }
    }
    // The set has yaws 0, 5, 25, 30, -50, -50, 80 and 80: the 15 degree ranges 0, 1, 2, 3 and 5.
    EXPECT_NEAR(right, faceCount / 2 * 0.9, 40);
    for (int i : {0, 1, 2, 3, 5}) {
        EXPECT_NEAR(range[i], faceCount / 5, 30) << i;
    }
}

TEST_F(AlignerRun, LearnsAFewFaces) {
    AlignerOptions o = options("run", 160);
    o.batch.augmentation = {0, 0, 0, 0, 0, 0};
    o.crops = {16, 0.3, 0.05, 0.9, 1.1, 0};
    o.alignerWidth = 0.4;
    o.learningRate = 3e-3;
    o.evaluateEvery = 160;
    train(o);
    for (const char* name : {"landmarks", "yaw", "score"}) {
        const std::vector<double> loss = metrics("run", name);
        ASSERT_EQ(loss.size(), 160U) << name;
        const double before = std::accumulate(loss.begin(), loss.begin() + 10, 0.0);
        const double after = std::accumulate(loss.end() - 10, loss.end(), 0.0);
        EXPECT_LT(after, 0.6 * before) << name;
    }
    // On people who were not trained on. An untrained network gets 0.5, 40 and 0.5.
    EXPECT_LT(metrics("run", "error_front").back(), 0.2);
    EXPECT_LT(metrics("run", "error_yaw").back(), 15);
    EXPECT_GT(metrics("run", "auc").back(), 0.9);
    EXPECT_TRUE(fs::exists(path("run/best.safetensors")));
}

TEST_F(AlignerRun, ResumesAsIfItHadNeverStopped) {
    train(options("whole", 6));
    ASSERT_NO_FATAL_FAILURE(
        runUntilStopped(path("parts"), 2, 6, [&] { return AlignerTrainer(options("parts", 6), ""); }));
    AlignerOptions rest = options("parts", 6);
    EXPECT_NE(error(rest).find("--resume"), std::string::npos);
    rest.resume = true;
    train(rest);
    const Checkpoint whole = Checkpoint::load(path("whole/last.safetensors")),
                     parts = Checkpoint::load(path("parts/last.safetensors"));
    expectSameTensors(whole, parts);
    EXPECT_EQ(whole.metadata.at("best_score"), parts.metadata.at("best_score"));
    for (const char* name : {"landmarks", "error_front"}) {
        const std::vector<double> a = metrics("whole", name), b = metrics("parts", name);
        EXPECT_EQ(a.size(), name == std::string("landmarks") ? 6U : 2U);
        EXPECT_EQ(a, b) << name;
    }
}

TEST_F(AlignerRun, NamesASetThatIsNotLoose) {
    writeSmallFaceSet(path("tight.safetensors"), {});
    AlignerOptions o = options("run", 1);
    o.faces = path("tight.safetensors");
    const std::string said = error(o);
    EXPECT_NE(said.find("tight.safetensors: eyes and mouth are 0.363 of the side apart, expected at most 0.25"),
              std::string::npos)
        << said;
    EXPECT_NE(said.find("--align-eye-mouth 0.2"), std::string::npos) << said;
}

TEST_F(AlignerRun, GoesIntoTheBundle) {
    train(options("aligner", 2));
    const Checkpoint aligner = Checkpoint::load(path("aligner/last.safetensors"));
    Checkpoint faces;
    faces.addNetwork("averaged_encoder", nn::casiaEncoder({16, 8, 0.1}));
    faces.addNetwork("averaged_decoder", nn::mirroredDecoder({16, 8, 3, 4, 0.1}));
    faces.metadata = {{"align_eyes", "0.5,0.461"},
                      {"align_eye_mouth", "0.363"},
                      {"pose_yaws", "-60,0,60"},
                      {"graph.averaged_encoder", faces.metadata.at("graph.averaged_encoder")},
                      {"graph.averaged_decoder", faces.metadata.at("graph.averaged_decoder")}};
    using drgan::exporting::writeBundle;
    const std::string plain = writeBundle(faces, {path("plain"), 0.25});
    const std::string with = writeBundle(faces, {path("bundle"), 0.25}, {&aligner});
    EXPECT_EQ(plain, with);
    EXPECT_FALSE(fs::exists(path("plain/aligner.onnx")));
    const auto manifest = nlohmann::json::parse(std::ifstream(path("bundle/manifest.json")));
    EXPECT_EQ(manifest.at("bundle_id"), with);
    ASSERT_EQ(manifest.at("files").size(), 3U);
    EXPECT_EQ(manifest.at("files")[2].at("name"), "aligner.onnx");
    EXPECT_EQ(manifest.at("files")[2].at("bytes"), fs::file_size(path("bundle/aligner.onnx")));
    // Without an aligner, an earlier bundle's aligner is removed.
    EXPECT_EQ(writeBundle(faces, {path("bundle"), 0.25}), plain);
    EXPECT_FALSE(fs::exists(path("bundle/aligner.onnx")));
    EXPECT_THROW(writeBundle(faces, {path("bundle"), 0.25}, {&faces}), std::runtime_error);
}

TEST_F(AlignerRun, StartsFromAnotherOne) {
    train(options("first", 2));
    AlignerOptions o = options("next", 1);
    o.start = path("first/last.safetensors");
    o.learningRate = 0;
    train(o);
    const Checkpoint before = Checkpoint::load(o.start), after = Checkpoint::load(path("next/last.safetensors"));
    const std::string kernel = "averaged_aligner.Conv0.weight";
    EXPECT_TRUE(torch::equal(before.tensors.at(kernel), after.tensors.at(kernel)));
}

}  // namespace
