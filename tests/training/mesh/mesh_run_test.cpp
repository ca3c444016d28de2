// SPDX-License-Identifier: Apache-2.0
//
// Crops and runs of the mesh stage.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "mesh/trainer.hpp"
#include "nn/models/face_mesh.hpp"
#include "run/stopped_run.hpp"
#include "small_face_set.hpp"

namespace fs = std::filesystem;
namespace nn = drgan::nn;
namespace io = drgan::io;
using namespace drgan::train;

namespace {

constexpr size_t values = 3 * io::meshPoints;

class MeshRun : public testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("drgan-mesh-" + std::to_string(::getpid()));
        fs::create_directories(folder_);
        stopRequested = false;
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    MeshOptions options(const std::string& run, int64_t steps) const {
        if (!fs::exists(path("faces.safetensors"))) {
            SmallFaceSet how;
            how.side = 96;
            how.people = 24;
            how.drawn = how.meshed = true;
            writeSmallFaceSet(path("faces.safetensors"), how);
        }
        MeshOptions o;
        o.batch.augmentation = {};
        o.faces = path("faces.safetensors");
        o.run = path(run);
        o.steps = steps;
        o.meshWidth = 0.2;
        o.features = 8;
        o.crops.count = 4;
        o.warmup = 2;
        o.evaluateEvery = 3;
        o.logEvery = 1;
        o.averaging = 0.9;
        o.threads = 1;
        return o;
    }

    static void train(const MeshOptions& o) { MeshTrainer(o, "").run(); }

    /// A column of a run's metrics.csv without empty cells.
    std::vector<double> metrics(const std::string& run, const std::string& name) const {
        std::ifstream in(path(run + "/metrics.csv"));
        std::vector<double> result;
        int column = -1;
        for (std::string line; std::getline(in, line);) {
            std::istringstream cells(line);
            std::string cell;
            for (int i = 0; std::getline(cells, cell, ','); ++i) {
                if (cell == name) {
                    column = i;
                } else if (i == column && !cell.empty()) {
                    result.push_back(std::stod(cell));
                }
            }
        }
        return result;
    }

    fs::path folder_;
};

TEST(MeshInCrop, MovesTurnsAndScales) {
    std::vector<float> mesh(values, 0);
    mesh[0] = 60;  // 10 pixels to the right of the crop's middle
    mesh[1] = 40;
    mesh[2] = -8;
    const std::vector<float> upright = meshInCrop(mesh, {50, 40, 48, 0}, 192);
    EXPECT_NEAR(upright[0], 96 + 40, 1e-4);
    EXPECT_NEAR(upright[1], 96, 1e-4);
    EXPECT_NEAR(upright[2], -32, 1e-4);
    const std::vector<float> rolled = meshInCrop(mesh, {50, 40, 48, 90}, 192);  // its x axis points down
    EXPECT_NEAR(rolled[0], 96, 1e-4);
    EXPECT_NEAR(rolled[1], 96 - 40, 1e-4);
    EXPECT_NEAR(rolled[2], -32, 1e-4);
}

TEST(MirroredMesh, ChangesSides) {
    std::vector<float> mesh(values);
    std::iota(mesh.begin(), mesh.end(), 0.F);
    const std::vector<float> other = mirroredMesh(mesh.data(), 100);
    const auto right = static_cast<size_t>(3 * io::rightEyeCorners[0]),
               left = static_cast<size_t>(3 * io::leftEyeCorners[1]);
    EXPECT_EQ(other[right], 99 - mesh[left]);
    EXPECT_EQ(other[right + 1], mesh[left + 1]);
    EXPECT_EQ(other[right + 2], mesh[left + 2]);
    EXPECT_EQ(mirroredMesh(other.data(), 100), mesh);
}

TEST_F(MeshRun, PointsLieWhereTheCropShowsThem) {
    MeshOptions o = options("run", 1);
    o.batch.augmentation = {0, 0, 0, 0, 0, 0};
    o.crops.count = 40;
    o.crops.missedShare = 0.2;
    o.crops.maskShare = 0;
    const io::FaceSet set(o.faces);
    const MeshSampler sampler(set, o.batch, o.crops);
    const MeshBatch batch = sampler.draw(7), again = sampler.draw(7), other = sampler.draw(8);
    EXPECT_EQ(batch.crops, again.crops);
    EXPECT_EQ(batch.mesh, again.mesh);
    EXPECT_NE(batch.crops, other.crops);
    constexpr size_t plane = meshSide * meshSide;
    ASSERT_EQ(batch.crops.size(), 40 * 3 * plane);
    int right = 0, left = 0;
    for (size_t i = 0; i < 40; ++i) {
        const float* mesh = batch.mesh.data() + values * i;
        if (batch.face[i] == 0) {
            EXPECT_EQ(mesh[100], 0);
            continue;
        }
        (batch.yaw[i] > 0 ? right : left) += 1;
        // The eyes are drawn darker than anything else, each in the middle between its corners.
        for (const auto& corners : {io::rightEyeCorners, io::leftEyeCorners}) {
            const float *a = mesh + 3 * corners[0], *b = mesh + 3 * corners[1];
            const auto x = static_cast<size_t>(std::lround((a[0] + b[0]) / 2)),
                       y = static_cast<size_t>(std::lround((a[1] + b[1]) / 2));
            ASSERT_LT(std::max(x, y), static_cast<size_t>(meshSide));
            EXPECT_LT(batch.crops[3 * plane * i + y * meshSide + x], -0.5) << i;
        }
        // The right eye is on the image's left, also in mirror images.
        EXPECT_LT(mesh[3 * io::rightEyeCorners[0]], mesh[3 * io::leftEyeCorners[1]]);
    }
    EXPECT_GT(right, 5);
    EXPECT_GT(left, 5);
}

TEST_F(MeshRun, NeedsASetWithMeshes) {
    SmallFaceSet how;
    how.side = 64;
    how.drawn = true;
    MeshOptions o = options("run", 1);
    o.faces = path("plain.safetensors");
    writeSmallFaceSet(o.faces, how);
    try {
        MeshTrainer(o, "");
        FAIL() << "no error";
    } catch (const std::runtime_error& e) {
        EXPECT_NE(std::string(e.what()).find("--store-mesh"), std::string::npos) << e.what();
    }
}

TEST_F(MeshRun, LearnsAFewFaces) {
    MeshOptions o = options("run", 60);
    o.batch.augmentation = {0, 0, 0, 0, 0, 0};
    o.crops.count = 8;
    o.crops.missedShare = 0.25;
    o.crops.maskShare = 0;
    o.learningRate = 3e-3;
    o.evaluateEvery = 60;
    train(o);
    for (const char* name : {"mesh", "depth", "score"}) {
        const std::vector<double> loss = metrics("run", name);
        ASSERT_EQ(loss.size(), 60U) << name;
        const double before = std::accumulate(loss.begin(), loss.begin() + 10, 0.0);
        const double after = std::accumulate(loss.end() - 10, loss.end(), 0.0);
        EXPECT_LT(after, 0.75 * before) << name;
    }
    EXPECT_EQ(metrics("run", "error_front").size(), 1U);
    EXPECT_EQ(metrics("run", "depth_side").size(), 1U);
    EXPECT_TRUE(fs::exists(path("run/best.safetensors")));
}

TEST_F(MeshRun, ResumesAsIfItHadNeverStopped) {
    train(options("whole", 6));
    ASSERT_NO_FATAL_FAILURE(runUntilStopped(path("parts"), 2, 6, [&] { return MeshTrainer(options("parts", 6), ""); }));
    MeshOptions rest = options("parts", 6);
    rest.resume = true;
    train(rest);
    const Checkpoint whole = Checkpoint::load(path("whole/last.safetensors")),
                     parts = Checkpoint::load(path("parts/last.safetensors"));
    expectSameTensors(whole, parts);
    EXPECT_EQ(whole.metadata.at("best_score"), parts.metadata.at("best_score"));
    EXPECT_EQ(metrics("whole", "mesh"), metrics("parts", "mesh"));
}

TEST_F(MeshRun, StartsFromAnotherOne) {
    train(options("first", 2));
    MeshOptions o = options("next", 1);
    o.start = path("first/last.safetensors");
    o.learningRate = 0;
    train(o);
    const Checkpoint before = Checkpoint::load(o.start), after = Checkpoint::load(path("next/last.safetensors"));
    const std::string kernel = "averaged_mesh.Conv0.weight";
    EXPECT_TRUE(torch::equal(before.tensors.at(kernel), after.tensors.at(kernel)));
}

}  // namespace
