// SPDX-License-Identifier: Apache-2.0
//
// Training runs of the detector, and the pictures that they compose.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

#include "aligner/trainer.hpp"
#include "detector/trainer.hpp"
#include "export/bundle.hpp"
#include "export/rewrite.hpp"
#include "nn/models/networks.hpp"
#include "run/picture.hpp"
#include "run/stopped_run.hpp"
#include "small_face_set.hpp"
#include "small_network/hard_negatives.hpp"
#include "temporary_folder.hpp"

namespace fs = std::filesystem;
namespace nn = drgan::nn;
using drgan::test::messageOf;
using namespace drgan::train;

namespace {

class DetectorRun : public testing::Test {
protected:
    void SetUp() override { stopRequested = false; }
    std::string path(const std::string& name) const { return folder_ / name; }

    DetectorOptions options(const std::string& run, int64_t steps) const {
        if (!fs::exists(path("faces.safetensors"))) {
            SmallFaceSet how;
            how.side = 64;
            how.drawn = true;
            writeSmallFaceSet(path("faces.safetensors"), how);
            cv::RNG random(4);
            for (int i = 0; i < 6; ++i) {
                const double frequency = (6 + 5 * i) / 159.0;
                const cv::Vec3d colour(random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5), random.uniform(-0.5, 0.5));
                cv::Mat_<cv::Vec3d> waves(160, 160);
                waves.forEach([&](cv::Vec3d& pixel, const int* at) {
                    pixel = colour + cv::Vec3d::all(std::sin(frequency * at[0]) * std::sin(frequency * at[1]));
                });
                writePng(path("photos/" + std::to_string(i) + ".png"), toBytes(waves));
            }
        }
        DetectorOptions o;
        o.batch.augmentation = {};
        o.faces = path("faces.safetensors");
        o.backgrounds = path("photos");
        o.run = folder_.path() + "/" + run;
        o.steps = steps;
        o.detectorWidth = 0.2;
        o.scenes.count = 4;
        o.scenes.side = 96;
        o.batch.augmentation.noise = o.batch.augmentation.blur = 0.2;
        o.warmup = 2;
        o.evaluateEvery = 3;
        o.logEvery = 1;
        o.averaging = 0.9;
        o.threads = 1;
        return o;
    }

    static void train(DetectorOptions o) { DetectorTrainer(std::move(o), "").run(); }

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

    drgan::test::TemporaryFolder folder_;
};

TEST_F(DetectorRun, PicturesAreTheSameForASeedAndShowWhatTheyShould) {
    DetectorOptions o = options("run", 1);
    o.scenes.count = 150;
    const drgan::io::FaceSet set(o.faces);
    const Backgrounds photos(o.backgrounds);
    DetectorSampler sampler(set, photos, o.batch, o.scenes);
    const DetectorBatch batch = sampler.draw(7), again = sampler.draw(7);
    EXPECT_EQ(batch.pictures, again.pictures);
    EXPECT_EQ(batch.faces.size(), again.faces.size());
    EXPECT_NE(batch.pictures, sampler.draw(8).pictures);
    ASSERT_EQ(batch.pictures.size(), 150U * 3 * 96 * 96);
    ASSERT_EQ(batch.faces.size(), 150U);
    size_t empty = 0, several = 0, small = 0, large = 0, cut = 0, turned = 0, all = 0;
    for (const auto& faces : batch.faces) {
        empty += faces.empty() ? 1 : 0;
        several += faces.size() > 1 ? 1 : 0;
        EXPECT_LE(faces.size(), 6U);
        for (const auto& [f, tight, sure] : faces) {
            const Square box = boxOf(f);
            EXPECT_TRUE(sure);
            EXPECT_GT((tight & cv::Rect2d(box.x - box.side / 2, box.y - box.side / 2, box.side, box.side)).area(), 0);
            ++all;
            EXPECT_GE(box.side, 11.99);
            EXPECT_LE(box.side, 1.06 * 96);
            small += box.side < 20 ? 1 : 0;
            large += box.side > 60 ? 1 : 0;
            cut += box.x < box.side / 2 - 1 || box.y < box.side / 2 - 1 || box.x > 96 - box.side / 2 + 1 ? 1 : 0;
            turned += std::abs(f[3] - f[1]) > 0.3 * std::abs(f[2] - f[0]) ? 1 : 0;
            EXPECT_GT(box.x, 0);
            EXPECT_LT(box.x, 96);
        }
    }
    EXPECT_NEAR(static_cast<double>(empty), 22, 16);
    for (const size_t some : {several, small, large, cut, turned}) {
        EXPECT_GT(some, 8U);
    }
    EXPECT_GT(all, 120U);
    for (const float value : batch.pictures) {
        ASSERT_LE(std::abs(value), 1);
    }
    sampler.setHardNegatives({{0, {80, 80, 30, 0}}});
    EXPECT_NE(batch.pictures, sampler.draw(7).pictures);
}

TEST_F(DetectorRun, FacesLieWhereTheirLandmarksSay) {
    // The drawn faces have dark eyes and bright skin.
    DetectorOptions o = options("run", 1);
    o.scenes.count = 60;
    o.scenes.smallest = 24;
    o.batch.augmentation = {0, 0, 0, 0, 0, 0};
    const drgan::io::FaceSet set(o.faces);
    const Backgrounds photos(o.backgrounds);
    const DetectorBatch batch = DetectorSampler(set, photos, o.batch, o.scenes).draw(1);
    size_t eyes = 0, dark = 0;
    for (size_t i = 0; i < batch.faces.size(); ++i) {
        for (const auto& [f, tight, sure] : batch.faces[i]) {
            const auto at = [&](float x, float y) {
                const auto px = static_cast<size_t>(std::clamp(std::lround(x), 0L, 95L)),
                           py = static_cast<size_t>(std::clamp(std::lround(y), 0L, 95L));
                return batch.pictures[(i * 3 * 96 + py) * 96 + px];
            };
            if (std::abs(f[2] - f[0]) < 10 || std::min(f[0], f[1]) < 1 || std::max(f[2], f[3]) > 94) {
                continue;  // turned away or cut off
            }
            ++eyes;
            dark += at(f[0], f[1]) < at((f[0] + f[2]) / 2, (f[1] + f[3]) / 2) - 0.4F ? 1 : 0;
        }
    }
    EXPECT_GT(eyes, 20U);
    EXPECT_GT(static_cast<double>(dark), 0.85 * static_cast<double>(eyes));
}

TEST_F(DetectorRun, LearnsAFewFaces) {
    DetectorOptions o = options("run", 150);
    o.batch.augmentation = {0, 0, 0, 0, 0, 0};
    o.scenes.smallest = 24;
    o.scenes.roll = 0;
    o.scenes.count = 8;
    o.detectorWidth = 0.4;
    o.learningRate = 5e-3;
    o.evaluateEvery = 75;
    train(o);
    for (const char* name : {"score", "box", "landmarks"}) {
        const std::vector<double> loss = metrics("run", name);
        ASSERT_EQ(loss.size(), 150U) << name;
        const double before = std::accumulate(loss.begin(), loss.begin() + 10, 0.0);
        const double after = std::accumulate(loss.end() - 10, loss.end(), 0.0);
        EXPECT_LT(after, 0.7 * before) << name;
    }
    EXPECT_GT(metrics("run", "average_precision").back(), 0.5);  // on people who were not trained on
    EXPECT_EQ(metrics("run", "false_per_picture").size(), 2U);
    EXPECT_TRUE(fs::exists(path("run/best.safetensors")));
    EXPECT_TRUE(fs::exists(path("run/found-000150.png")));
}

TEST_F(DetectorRun, ResumesAsIfItHadNeverStopped) {
    train(options("whole", 6));
    ASSERT_NO_FATAL_FAILURE(
        runUntilStopped(path("parts"), 4, 6, [&] { return DetectorTrainer(options("parts", 6), ""); }));
    DetectorOptions rest = options("parts", 6);
    EXPECT_NE(messageOf([&] { train(rest); }).find("--resume"), std::string::npos);
    rest.resume = true;
    train(rest);
    const Checkpoint whole = Checkpoint::load(path("whole/last.safetensors")),
                     parts = Checkpoint::load(path("parts/last.safetensors"));
    expectSameTensors(whole, parts);
    EXPECT_EQ(metrics("whole", "score"), metrics("parts", "score"));
}

TEST_F(DetectorRun, KeepsItsHardNegatives) {
    // An untrained network detects faces everywhere if its scores are as high as those set here.
    DetectorOptions o = options("run", 3);
    o.learningRate = 0;
    const DetectorOptions fresh = options("fresh", 1);
    train(fresh);
    Checkpoint sure = Checkpoint::load(path("fresh/last.safetensors"));
    for (auto& [name, tensor] : sure.tensors) {
        if (name.rfind("averaged_detector.Conv", 0) == 0 && tensor.dim() == 1 && tensor.numel() == 1) {
            tensor.fill_(0.5);  // the bias of a score, which becomes 0.62 everywhere
        }
    }
    sure.save(path("sure.safetensors"));
    o.start = path("sure.safetensors");
    DetectorTrainer trainer(o, "");
    trainer.run();
    ASSERT_FALSE(trainer.hardNegatives().empty());
    EXPECT_LT(trainer.hardNegatives().back().photo, 6U);
    o.steps = 4;
    o.resume = true;
    const DetectorTrainer again(o, "");
    ASSERT_EQ(again.hardNegatives().size(), trainer.hardNegatives().size());
    EXPECT_EQ(again.hardNegatives()[0].box.x, trainer.hardNegatives()[0].box.x);
    fs::remove(path("photos/5.png"));
    fs::remove(path("photos/4.png"));
    EXPECT_NE(messageOf([&] { DetectorTrainer fewer(o, ""); }).find("fewer pictures"), std::string::npos);
}

TEST_F(DetectorRun, ShowsItsHardNegativesToTheAligner) {
    DetectorOptions o = options("run", 1);
    writePng(path("one/red.png"), cv::Mat(200, 200, CV_8UC3, cv::Scalar(255, 0, 0)));
    const drgan::io::FaceSet set(o.faces);
    o.batch.augmentation = {0, 0, 0, 0, 0, 0};
    CropOptions crops;
    crops.count = 200;
    crops.missedShare = 1;
    AlignerSampler sampler(set, o.batch, crops);
    const auto red = [&] {
        const AlignerBatch batch = sampler.draw(3);
        const size_t area = cropSide * cropSide;
        size_t count = 0;
        for (size_t i = 0; i < batch.face.size(); ++i) {
            const float* crop = batch.crops.data() + i * 3 * area;
            EXPECT_EQ(batch.face[i], 0);
            count += std::all_of(crop, crop + area, [](float v) { return v > 0.99F; }) &&
                             std::all_of(crop + area, crop + 3 * area, [](float v) { return v < -0.99F; })
                         ? 1
                         : 0;
        }
        return static_cast<double>(count);
    };
    EXPECT_EQ(red(), 0);
    const Backgrounds photos(path("one"));
    sampler.setPhotos(photos, {});
    EXPECT_NEAR(red(), 100, 32);  // four and a half standard deviations
    sampler.setPhotos(photos, {{0, {100, 100, 30, 0}}});
    EXPECT_NEAR(red(), 100, 32);

    Checkpoint finds;
    addHardNegatives(finds, {{0, {80, 70, 30, 0}}, {5, {40, 40, 20, 0}}});
    finds.save(path("finds.safetensors"));
    AlignerOptions aligner;
    static_cast<SmallNetworkOptions&>(aligner) = options("aligner", 2);
    aligner.alignerWidth = 0.2;
    aligner.crops.count = 4;
    aligner.hardNegatives = path("finds.safetensors");
    AlignerTrainer(aligner, "").run();
    EXPECT_EQ(metrics("aligner", "score").size(), 2U);
    aligner.backgrounds = path("one");
    EXPECT_NE(messageOf([&] { AlignerTrainer fewer(aligner, ""); }).find("fewer pictures"), std::string::npos);
    aligner.hardNegatives = path("aligner/last.safetensors");
    EXPECT_NE(messageOf([&] { AlignerTrainer other(aligner, ""); }).find("hard_negatives"), std::string::npos);
}

TEST_F(DetectorRun, GoesIntoTheBundle) {
    train(options("detector", 2));
    const Checkpoint detector = Checkpoint::load(path("detector/last.safetensors"));
    Checkpoint faces;
    faces.addNetwork("averaged_encoder", nn::casiaEncoder({16, 8, 0.1}));
    faces.addNetwork("averaged_decoder", nn::mirroredDecoder({16, 8, 3, 4, 0.1}));
    faces.metadata.insert({{"align_eyes", "0.5,0.461"}, {"align_eye_mouth", "0.363"}, {"pose_yaws", "-60,0,60"}});
    using drgan::exporting::writeBundle;
    const std::string plain = writeBundle(faces, {path("bundle"), 0.25});
    EXPECT_FALSE(fs::exists(path("bundle/detector.onnx")));
    const std::string with = writeBundle(faces, {path("bundle"), 0.25}, {nullptr, &detector});
    EXPECT_EQ(plain, with);
    const auto manifest = nlohmann::json::parse(std::ifstream(path("bundle/manifest.json")));
    ASSERT_EQ(manifest.at("files").size(), 3U);
    EXPECT_EQ(manifest.at("files")[2].at("name"), "detector.onnx");
    EXPECT_EQ(manifest.at("files")[2].at("bytes"), fs::file_size(path("bundle/detector.onnx")));
    // The same, put into a bundle that is there; the encoder's id stays.
    const auto bytesOf = [&](const char* name) { return drgan::test::readText(path(std::string("bundle/") + name)); };
    const std::string whole = bytesOf("detector.onnx"), listed = bytesOf("manifest.json");
    EXPECT_EQ(writeBundle(faces, {path("bundle"), 0.25}), plain);
    EXPECT_FALSE(fs::exists(path("bundle/detector.onnx")));
    drgan::exporting::replaceExtras(path("bundle"), {nullptr, &detector});
    EXPECT_EQ(bytesOf("detector.onnx"), whole);
    EXPECT_EQ(bytesOf("manifest.json"), listed);
    drgan::exporting::replaceExtras(path("bundle"), {nullptr, &detector});
    EXPECT_EQ(bytesOf("manifest.json"), listed);
    EXPECT_THROW(drgan::exporting::replaceExtras(path("detector"), {nullptr, &detector}), std::runtime_error);
    EXPECT_EQ(writeBundle(faces, {path("bundle"), 0.25}), plain);
    EXPECT_FALSE(fs::exists(path("bundle/detector.onnx")));
    EXPECT_THROW(writeBundle(faces, {path("bundle"), 0.25}, {nullptr, &faces}), std::runtime_error);
}

}  // namespace
