// SPDX-License-Identifier: Apache-2.0
#include "dr_gan/trainer.hpp"

#include <fstream>
#include <numeric>

#include "dr_gan/steps.hpp"
#include "dr_gan/validation.hpp"
#include "export/bundle.hpp"
#include "nn/models/losses.hpp"
#include "run/mixed_precision.hpp"
#include "run/stopped_run.hpp"
#include "trainer_run.hpp"

namespace fs = std::filesystem;
namespace nn = drgan::nn;
using namespace drgan::train;

namespace {

class EveryStage : public TrainerRun, public testing::WithParamInterface<Stage> {};

TEST_P(EveryStage, ResumesAsIfItHadNeverStopped) {
    std::string start;
    if (GetParam() != Stage::Encoder) {
        train(options(Stage::Encoder, "start", 2));
        start = path("start/last.safetensors");
    }
    auto with = [&](const std::string& run) {
        DrGanOptions o = options(GetParam(), run, 5);
        o.start = start;
        return o;
    };
    train(with("whole"));

    ASSERT_NO_FATAL_FAILURE(runUntilStopped(path("parts"), 2, 5, [&] { return Trainer(with("parts"), ""); }));
    DrGanOptions second = with("parts");
    second.resume = true;
    train(second);

    EXPECT_LT(distance(path("whole/last.safetensors"), path("parts/last.safetensors")), 1e-6);
    std::ifstream whole(path("whole/metrics.csv")), parts(path("parts/metrics.csv"));
    const std::string a{std::istreambuf_iterator<char>(whole), {}}, b{std::istreambuf_iterator<char>(parts), {}};
    EXPECT_EQ(std::count(a.begin(), a.end(), '\n'), 6);
    EXPECT_EQ(std::count(b.begin(), b.end(), '\n'), 6);
}

INSTANTIATE_TEST_SUITE_P(Stages, EveryStage, testing::Values(Stage::Encoder, Stage::Decoder, Stage::Joint),
                         [](const auto& info) {
                             return info.param == Stage::Encoder   ? "encoder"
                                    : info.param == Stage::Decoder ? "decoder"
                                                                   : "joint";
                         });

TEST_F(TrainerRun, LearnsItsPeople) {
    DrGanOptions o = options(Stage::Encoder, "run", 220);
    o.batch.persons = 16;
    o.batch.pictures = 1;
    o.batch.augmentation = {0, 0, 0, 0, 0, 0};
    o.learningRate = 5e-3;
    train(o);
    std::ifstream metrics(path("run/metrics.csv"));
    std::vector<double> loss;
    std::string line;
    std::getline(metrics, line);
    while (std::getline(metrics, line)) {
        std::istringstream cells(line);
        std::string cell;
        for (int i = 0; i < 4; ++i) {  // the fourth column is "margin"
            std::getline(cells, cell, ',');
        }
        loss.push_back(std::stod(cell));
    }
    ASSERT_EQ(loss.size(), 220U);
    const double first = std::accumulate(loss.begin(), loss.begin() + 5, 0.0) / 5;
    const double last = std::accumulate(loss.end() - 50, loss.end(), 0.0) / 50;  // batches differ a lot
    EXPECT_LT(last, 0.75 * first);
}

TEST_F(TrainerRun, ConfidencesCanLearnAlone) {
    train(options(Stage::Encoder, "start", 2));
    DrGanOptions o = options(Stage::Encoder, "run", 6);
    o.start = path("start/last.safetensors");
    o.confidenceOnly = true;
    o.pairWeight = 1;
    train(o);
    auto before = Checkpoint::load(o.start).network("averaged_encoder");
    auto after = Checkpoint::load(path("run/last.safetensors")).network("encoder");
    before->eval();
    after->eval();
    const torch::Tensor picture = torch::randn({2, 3, SmallFaceSet().side, SmallFaceSet().side});
    const auto [f, w] = drgan::nn::encode(before, picture);
    const auto [g, v] = drgan::nn::encode(after, picture);
    EXPECT_TRUE(torch::equal(f, g));
    EXPECT_FALSE(torch::equal(w, v));
}

TEST_F(TrainerRun, FrozenLayersKeepTheirWeightsAndTheirStatistics) {
    train(options(Stage::Encoder, "start", 2));
    DrGanOptions o = options(Stage::Encoder, "run", 3);
    o.start = path("start/last.safetensors");
    o.frozenLayers = 2;
    train(o);
    const auto before = Checkpoint::load(o.start).network("averaged_encoder");
    const auto after = Checkpoint::load(path("run/last.safetensors")).network("encoder");
    int layer = 0, frozenStatistics = 0, movedStatistics = 0;
    for (size_t i = 0; i < before->nodes().size(); ++i) {
        const auto &was = before->nodes()[i], &is = after->nodes()[i];
        layer += was.op == "Conv" || was.op == "Gemm" ? 1 : 0;
        if (!was.module) {
            continue;
        }
        const bool frozen = layer <= o.frozenLayers;
        for (size_t k = 0; frozen && k < was.module->parameters().size(); ++k) {
            EXPECT_TRUE(torch::equal(was.module->parameters()[k], is.module->parameters()[k])) << was.op << i;
        }
        for (size_t k = 0; k < was.module->buffers().size(); ++k) {
            const bool same = torch::equal(was.module->buffers()[k], is.module->buffers()[k]);
            EXPECT_TRUE(same || !frozen) << was.op << i;
            frozenStatistics += frozen ? 1 : 0;
            movedStatistics += same ? 0 : 1;
        }
    }
    EXPECT_GT(frozenStatistics, 0);
    EXPECT_GT(movedStatistics, 0);
}

TEST_F(TrainerRun, LossesAreInFloatBesideNetworksInHalf) {
    DrGanOptions o = options(Stage::Encoder, "run", 1);
    o.precision = "bf16";
    o.batch.pictures = 2;
    o.pairWeight = 1;
    const drgan::io::FaceSet faces(o.faces);
    const Sampler sampler(faces, o.batch);
    Model model(o, faces, static_cast<int64_t>(sampler.persons()));
    const Targets targets = readTargets(faces, sampler.faceSetPersons());
    Batch batch = sampler.draw(0);
    for (int64_t step = 1; batch.pictures < 2; ++step) {
        batch = sampler.draw(step);
    }
    model.train();
    torch::Tensor embedding, confidence;
    {
        const MixedPrecision half(o);
        std::tie(embedding, confidence) = drgan::nn::encode(
            model.encoder, drgan::nn::fromPlanes(batch.images, faces.imageSize(), torch::Device(torch::kCPU)));
    }
    const torch::Tensor person = torch::tensor(batch.person, torch::kInt64);
    const Losses losses = encoderStep(model, targets, o, batch, 1e-4);
    EXPECT_NEAR(losses.at("margin").item<double>(),
                drgan::nn::marginSoftmax(embedding, targets.templates, person, o.marginScale, o.margin).item<double>(),
                1e-5);
    const torch::Tensor who = person.view({-1, batch.pictures}).select(1, 0).contiguous();
    EXPECT_NEAR(
        losses.at("pair").item<double>(),
        drgan::nn::templatePairLoss(embedding, confidence, who, batch.pictures, o.marginScale, o.margin).item<double>(),
        1e-5);
}

TEST_F(TrainerRun, EmbeddingsOfAnotherSizeThanTheTeachersGoOnWithTheirProjection) {
    DrGanOptions o = options(Stage::Encoder, "start", 2);
    o.embeddingSize = 6;
    train(o);
    DrGanOptions next = options(Stage::Joint, "run", 1);
    next.start = path("start/last.safetensors");
    next.batch.seed = 2;
    next.learningRate = 1e-9;
    train(next);
    const Checkpoint before = Checkpoint::load(next.start), after = Checkpoint::load(path("run/last.safetensors"));
    int weights = 0;
    for (const auto& [name, tensor] : before.tensors) {
        if (name.rfind("projection.", 0) == 0) {
            ++weights;
            EXPECT_TRUE(torch::allclose(tensor, after.tensors.at(name), 1e-3, 1e-4)) << name;
        }
    }
    EXPECT_EQ(weights, 2);
}

TEST_F(TrainerRun, AnEncoderCanBeBlendedWithWhatItWas) {
    train(options(Stage::Encoder, "before", 1));
    DrGanOptions next = options(Stage::Encoder, "after", 5);
    next.start = path("before/last.safetensors");
    train(next);
    DrGanOptions o = options(Stage::Decoder, "run", 1);
    o.start = path("after/last.safetensors");
    o.blend = next.start;
    o.blendShare = 0.25;
    train(o);
    const Checkpoint before = Checkpoint::load(next.start), after = Checkpoint::load(o.start),
                     blended = Checkpoint::load(path("run/last.safetensors"));
    const std::string kernel = "averaged_encoder.Conv0.weight";
    EXPECT_TRUE(torch::allclose(blended.tensors.at(kernel),
                                0.75 * after.tensors.at(kernel) + 0.25 * before.tensors.at(kernel), 1e-4, 1e-6));
    int heads = 0;  // confidence heads, which are not blended
    for (const auto& [name, tensor] : after.tensors) {
        heads += name.rfind("averaged_encoder.Conv", 0) == 0 && tensor.dim() == 4 && tensor.size(0) == 1 &&
                         torch::equal(tensor, blended.tensors.at(name))
                     ? 1
                     : 0;
    }
    EXPECT_EQ(heads, 1);
    o.run = path("other");
    DrGanOptions wide = options(Stage::Encoder, "wide", 1);
    wide.encoderWidth = 0.2;
    train(wide);
    o.blend = path("wide/last.safetensors");
    EXPECT_NE(error(o).find("other layers"), std::string::npos);
}

TEST_F(TrainerRun, TheMirrorImageMayBePulledTowardsThePicture) {
    auto mirror = [&](double weight) {
        DrGanOptions o = options(Stage::Encoder, weight > 0 ? "with" : "without", 60);
        o.mirrorWeight = std::max(weight, 1e-9);  // small, so that the metric is at least reported
        o.learningRate = 3e-3;
        train(o);
        std::ifstream metrics(o.run + "/metrics.csv");
        std::string line, last;
        int column = -1;
        while (std::getline(metrics, line)) {
            std::istringstream cells(line);
            std::string cell;
            for (int i = 0; std::getline(cells, cell, ','); ++i) {
                column = cell == "mirror" ? i : column;
                last = i == column ? cell : last;
            }
        }
        return std::stod(last);
    };
    EXPECT_LT(mirror(30), 0.5 * mirror(0));
}

TEST(Augmentation, HidesARectangle) {
    constexpr int side = 32;
    Augmentation how{0, 0, 0, 0, 0, 0};
    how.occlusion = 1;
    std::mt19937_64 random(3);
    int most = 0, least = side * side;
    for (int i = 0; i < 50; ++i) {
        cv::Mat picture(side, side, CV_32FC3, cv::Scalar::all(0.25)), changes;
        augment(picture, how, random);
        cv::extractChannel(picture, changes, 0);
        const int changed = cv::countNonZero(changes != 0.25);
        most = std::max(most, changed);
        least = std::min(least, changed);
    }
    EXPECT_GE(least, 16);              // 0.15 of the side in each direction
    EXPECT_LE(most, side * side / 4);  // half of it
    EXPECT_GT(most, least);
}

TEST_F(TrainerRun, LearnsClassesWhereThereIsNoTeacher) {
    SmallFaceSet how;
    how.teacherSize = 0;
    writeSmallFaceSet(path("plain.safetensors"), how);
    DrGanOptions o = options(Stage::Encoder, "run", 3);
    o.faces = path("plain.safetensors");
    train(o);
    EXPECT_EQ(Checkpoint::load(path("run/last.safetensors")).tensors.count("classes"), 1U);
}

TEST_F(TrainerRun, ProjectsToATeacherOfAnotherSize) {
    SmallFaceSet how;
    how.teacherSize = 5;
    writeSmallFaceSet(path("other.safetensors"), how);
    DrGanOptions o = options(Stage::Encoder, "run", 3);
    o.faces = path("other.safetensors");
    train(o);
    EXPECT_TRUE(Checkpoint::load(path("run/last.safetensors")).hasNetwork("projection"));
}

TEST_F(TrainerRun, SaysWhereNobodyIsLeftToValidateOn) {
    SmallFaceSet how;
    how.people = 3;
    writeSmallFaceSet(path("few.safetensors"), how);
    DrGanOptions o = options(Stage::Joint, "run", 2);
    o.faces = path("few.safetensors");
    train(o);
    EXPECT_EQ(Checkpoint::load(path("run/last.safetensors")).metadata.count("match_threshold"), 0U);
    EXPECT_FALSE(fs::exists(path("run/best.safetensors")));
    EXPECT_TRUE(fs::exists(path("run/grid-000002.png")));  // shows people from the training set

    train(options(Stage::Encoder, "many", 1));
    EXPECT_EQ(Checkpoint::load(path("many/last.safetensors")).metadata.count("match_threshold"), 1U);
    DrGanOptions next = options(Stage::Encoder, "next", 1);
    next.faces = o.faces;
    next.start = path("many/last.safetensors");
    train(next);  // keeps the threshold of its start
    EXPECT_EQ(Checkpoint::load(path("next/last.safetensors")).metadata.at("match_threshold"),
              Checkpoint::load(next.start).metadata.at("match_threshold"));
}

TEST_F(TrainerRun, KeepsTheConfigAndDrawsGrids) {
    train(options(Stage::Encoder, "start", 1));
    DrGanOptions o = options(Stage::Joint, "run", 2);
    o.start = path("start/last.safetensors");
    Trainer(o, "steps=2\n").run();
    std::ifstream config(path("run/config.toml"));
    std::string line;
    std::getline(config, line);
    EXPECT_EQ(line, "steps=2");
    EXPECT_TRUE(fs::exists(path("run/grid-000002.png")));
    EXPECT_TRUE(fs::exists(path("run/generated.png")));
}

TEST_F(TrainerRun, PeopleWithOnePictureAreValidatedOnViewsOfIt) {
    SmallFaceSet how;
    how.pictures = 1;
    how.people = 80;
    writeSmallFaceSet(path("single.safetensors"), how);
    DrGanOptions o = options(Stage::Encoder, "run", 1);
    o.faces = path("single.safetensors");
    o.batch.pictures = 1;
    train(o);
    const Checkpoint best = Checkpoint::load(path("run/best.safetensors"));
    const double threshold = std::stod(best.metadata.at("match_threshold"));
    EXPECT_GT(threshold, -1);
    EXPECT_LT(threshold, 1);

    const drgan::io::FaceSet faces(o.faces);
    nn::Graph encoder = best.network("averaged_encoder");
    const Validation v = validate(encoder, faces, torch::kCPU), again = validate(encoder, faces, torch::kCPU);
    EXPECT_TRUE(v.ofViews);
    EXPECT_GE(v.pictures, 2);
    EXPECT_GE(v.frontalEer, 0);
    EXPECT_LE(v.frontalEer, 1);
    EXPECT_EQ(v.frontalEer, again.frontalEer);
    EXPECT_EQ(v.threshold, again.threshold);

    writeSmallFaceSet(path("several.safetensors"), {});
    EXPECT_FALSE(validate(encoder, drgan::io::FaceSet(path("several.safetensors")), torch::kCPU).ofViews);
}

TEST_F(TrainerRun, DoesNotOverwriteARun) {
    train(options(Stage::Encoder, "run", 1));
    EXPECT_NE(error(options(Stage::Encoder, "run", 1)).find("--resume"), std::string::npos);
}

TEST_F(TrainerRun, StopsAtALossThatIsNotFinite) {
    DrGanOptions o = options(Stage::Encoder, "run", 20);
    o.learningRate = 1e30;
    const std::string text = error(o);
    EXPECT_NE(text.find("diverged"), std::string::npos) << text;
}

TEST_F(TrainerRun, NamesADecoderOfOtherPoses) {
    train(options(Stage::Encoder, "start", 1));
    DrGanOptions three = options(Stage::Decoder, "three", 1);
    three.start = path("start/last.safetensors");
    train(three);
    DrGanOptions two = options(Stage::Decoder, "two", 1);
    two.start = path("three/last.safetensors");
    two.batch.poseYaws = {0, 90};
    const std::string text = error(two);
    EXPECT_NE(text.find("3 poses"), std::string::npos) << text;
}

TEST_F(TrainerRun, ACorruptCheckpointIsRefusedByName) {
    train(options(Stage::Encoder, "run", 1));
    fs::resize_file(path("run/last.safetensors"), 1000);
    DrGanOptions o = options(Stage::Encoder, "run", 2);
    o.resume = true;
    EXPECT_NE(error(o).find("last.safetensors"), std::string::npos);
}

TEST_F(TrainerRun, ExportsABundle) {
    train(options(Stage::Encoder, "start", 1));
    DrGanOptions o = options(Stage::Joint, "run", 1);
    o.start = path("start/last.safetensors");
    train(o);
    const Checkpoint checkpoint = Checkpoint::load(path("run/last.safetensors"));
    const std::string id = drgan::exporting::writeBundle(checkpoint, {path("bundle"), 0.25});
    const auto manifest = nlohmann::json::parse(std::ifstream(path("bundle/manifest.json")));
    EXPECT_EQ(manifest.at("bundle_id"), id);
    EXPECT_EQ(manifest.at("match_threshold"), 0.25);
    EXPECT_EQ(manifest.at("pose_yaws"), (std::vector<double>{-60, 0, 60}));
    for (const auto& file : manifest.at("files")) {
        EXPECT_EQ(fs::file_size(folder_ / "bundle" / file.at("name")), file.at("bytes"));
    }
    EXPECT_THROW(drgan::exporting::writeBundle(Checkpoint::load(o.start), {path("other"), 0}), std::runtime_error);

    const auto idWithOther = [&](const std::string& network) {
        Checkpoint other = checkpoint;
        for (auto& [name, tensor] : other.tensors) {
            if (name.rfind(network, 0) == 0 && tensor.is_floating_point()) {
                tensor = tensor + 0.5;
            }
        }
        return drgan::exporting::writeBundle(other, {path("other"), 0.25});
    };
    EXPECT_EQ(idWithOther("averaged_decoder"), id);  // embeddings stay comparable
    EXPECT_NE(idWithOther("averaged_encoder"), id);

    drgan::exporting::writeStart(checkpoint, path("start.safetensors"));
    EXPECT_LT(fs::file_size(path("start.safetensors")), fs::file_size(path("run/last.safetensors")) / 2);
    DrGanOptions next = options(Stage::Joint, "next", 1);
    next.start = path("start.safetensors");
    train(next);
    for (const auto& [name, tensor] : Checkpoint::load(next.start).tensors) {
        EXPECT_TRUE(torch::allclose(tensor, checkpoint.tensors.at(name), 1e-3, 1e-6)) << name;  // half precision
    }

    drgan::exporting::writeStart(Checkpoint::load(o.start), path("encoder.safetensors"));
    const Checkpoint alone = Checkpoint::load(path("encoder.safetensors"));
    EXPECT_TRUE(alone.hasNetwork("averaged_encoder"));
    EXPECT_FALSE(alone.hasNetwork("averaged_decoder"));
    EXPECT_THROW(drgan::exporting::writeStart({}, path("none.safetensors")), std::runtime_error);
}

}  // namespace
