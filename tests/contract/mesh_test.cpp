// SPDX-License-Identifier: Apache-2.0
//
// The mesh network, as drgan-export writes it, in drgan-data.

// Torch must come first: OpenCV's macros conflict with it.
#include "export/mesh.hpp"
#include "nn/models/face_mesh.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>

#include "data/prepare.hpp"
#include "eval/meshes.hpp"
#include "io/face_set.hpp"
#include "pictures.hpp"
#include "same_values.hpp"
#include "small_face_set.hpp"
#include "tiny_onnx.hpp"

namespace nn = drgan::nn;
namespace io = drgan::io;
using namespace drgan::data;

namespace {

constexpr int side = 192;
constexpr auto points = static_cast<int64_t>(io::meshPoints);

torch::nn::LinearImpl& layer(nn::Graph& network, int64_t outputs) {
    for (const auto& node : network->nodes()) {
        if (node.op == "Gemm" && node.integer("out") == outputs) {
            return *node.module->as<torch::nn::Linear>();
        }
    }
    throw std::logic_error("no such layer");
}

class MeshContract : public testing::Test {
protected:
    void SetUp() override {
        torch::manual_seed(3);
        network_ = nn::faceMesh({side, 0.2, 8});
    }

    std::string write() {
        drgan::train::Checkpoint checkpoint;
        checkpoint.addNetwork("averaged_mesh", network_);
        checkpoint.metadata["crop_factor"] = "1.5";
        const std::string path = folder_.path() + "/mesh.onnx";
        drgan::exporting::writeMesh(checkpoint, path);
        return path;
    }

    nn::Graph network_{nullptr};
    drgan_test::TempDir folder_;
};

TEST_F(MeshContract, TheMesherFindsWhatTheNetworkSays) {
    nn::startFromMeshes(network_, torch::rand({20, 3 * points}) * side);
    settle(network_, [] { return nn::Edges{{nn::meshImage, torch::rand({4, 3, side, side})}}; });
    FaceMesher mesher(write());
    cv::Mat picture(side, side, CV_8UC3);
    cv::RNG(5).fill(picture, cv::RNG::UNIFORM, 0, 256);
    const FaceMesh found = mesher.find(picture, {side / 2.F, side / 2.F}, side / 1.5F, 0);  // looks at just the picture
    const torch::Tensor bgr = torch::from_blob(picture.data, {1, side, side, 3}, torch::kUInt8);
    torch::NoGradGuard noGrad;
    const nn::Edges wanted =
        network_->forward({{nn::meshImage, bgr.permute({0, 3, 1, 2}).flip(1).to(torch::kFloat32) / 255}});
    EXPECT_NEAR(found.score, wanted.at(nn::meshFace).item<float>(), 1e-4);
    const torch::Tensor mesh = wanted.at(nn::meshPlaces).view({points, 3}).contiguous();
    ASSERT_EQ(found.points.size(), io::meshPoints);
    for (size_t i = 0; i < io::meshPoints; ++i) {
        const float* p = mesh.data_ptr<float>() + 3 * i;
        EXPECT_NEAR(found.points[i].x, p[0], 0.01);
        EXPECT_NEAR(found.points[i].y, p[1], 0.01);
        EXPECT_NEAR(found.points[i].z, p[2], 0.01);
    }
}

/// A network that sees the same mesh everywhere: one that is its own mirror image and fills the square in which
/// drgan-data looks a second time.
TEST_F(MeshContract, StoredMeshesLieInTheAlignedFace) {
    constexpr float half = side / 2.F, reach = half / 1.65F;
    torch::Tensor mesh = torch::zeros({points, 3});
    for (int64_t i = 0; i < points; ++i) {
        const int64_t twin = io::meshTwins()[i];
        const float aside = i == twin ? 0.F : (i < twin ? -1.F : 1.F);
        const auto down = static_cast<float>(std::min(i, twin) % 11) / 5 - 1;  // -1 to 1
        mesh[i] = torch::tensor({half + reach * aside, half + reach * down, -10.F * down});
    }
    torch::NoGradGuard noGrad;
    layer(network_, 3 * points).weight.zero_();
    layer(network_, 3 * points).bias.copy_(mesh.flatten());
    layer(network_, 1).weight.zero_();
    layer(network_, 1).bias.fill_(3);

    const drgan_test::DrawnFace face = drgan_test::drawFace({160, 160}, {80, 80}, 90, 12, 1);
    std::vector<uint8_t> jpeg;
    cv::imencode(".jpg", face.picture, jpeg);
    Label label;
    label.yaw = 5;
    label.hasLandmarks = true;
    for (int k = 0; k < 5; ++k) {
        label.landmarks[k] = {face.landmarks.at<float>(k, 0), face.landmarks.at<float>(k, 1)};
    }
    Options options;
    options.alignment.size = 96;
    options.alignment.eyes = {0.5F, 0.45F};
    options.alignment.eyeMouth = 0.2F;
    options.mesh = write();
    options.turned = 0;
    options.storeMesh = true;
    const PreparedFace found = Preparer(options).prepare(label, jpeg).faces.at(0);
    ASSERT_EQ(found.mesh.size(), io::meshPoints);

    // The mesh, on the eyes' line, in the middle of the picture, and from there as the landmarks go.
    const cv::Point2f eyes = label.landmarks[1] - label.landmarks[0];
    const float roll = std::atan2(eyes.y, eyes.x), scale = 1.5F * 160 * options.boxShare / side;
    for (size_t i = 0; i < io::meshPoints; i += 13) {
        const float *p = mesh.data_ptr<float>() + 3 * i, x = (p[0] - half) * scale, y = (p[1] - half) * scale;
        Landmarks with = label.landmarks;
        with[2] = {80 + x * std::cos(roll) - y * std::sin(roll), 80 + x * std::sin(roll) + y * std::cos(roll)};
        const cv::Point2f wanted = alignLandmarks(with, options.alignment)[2];
        EXPECT_NEAR(found.mesh[i].x, wanted.x, 0.15) << i;  // half a pixel of the reduced picture
        EXPECT_NEAR(found.mesh[i].y, wanted.y, 0.15) << i;
        const float down = static_cast<float>(
            cv::norm((label.landmarks[3] + label.landmarks[4] - label.landmarks[0] - label.landmarks[1]) / 2));
        EXPECT_NEAR(found.mesh[i].z, p[2] * scale * 96 * 0.2F / down, 0.05) << i;
    }

    options.meshScore = 0.99F;  // above what the network says
    EXPECT_TRUE(Preparer(options).prepare(label, jpeg).faces.at(0).mesh.empty());
}

/// A network that puts all points in the middle of its input.
TEST_F(MeshContract, IsMeasuredAgainstStoredMeshes) {
    torch::NoGradGuard noGrad;
    layer(network_, 3 * points).weight.zero_();
    layer(network_, 3 * points).bias.copy_(torch::tensor({side / 2.F, side / 2.F, 0.F}).repeat({points}));
    SmallFaceSet how;
    how.side = 64;
    how.people = 3;
    how.drawn = how.meshed = true;
    const std::string faces = folder_.path() + "/faces.safetensors", model = write();
    writeSmallFaceSet(faces, how);
    const auto rows = drgan::eval::measureMesh(model, faces, "dev");
    ASSERT_EQ(rows.size(), 3U);  // of yaws 0, 25, and -50 and 80
    EXPECT_EQ(rows[0].faces + rows[1].faces, rows[2].faces);
    EXPECT_EQ(drgan::eval::measureMesh(model, faces, "all")[1].faces, 3U);

    const io::FaceSet set(faces);
    const size_t first = 2 * 8;  // row of the last person, at yaw 0
    const float* mesh = set.mesh().data() + 3 * io::meshPoints * first;
    double sum = 0;
    for (size_t i = 0; i < io::meshPoints; ++i) {  // from the middle of the box, which the drawn landmarks give
        sum += std::hypot(mesh[3 * i] - 32, mesh[3 * i + 1] - 64 * (0.45 + 0.2 * (0.5 - 0.397) / (0.747 - 0.397)));
    }
    EXPECT_NEAR(rows[0].points, sum / io::meshPoints / (0.16 * 64), 1e-3);
    how.meshed = false;
    writeSmallFaceSet(faces, how);
    EXPECT_THROW(drgan::eval::measureMesh(model, faces, "dev"), std::runtime_error);
}

}  // namespace
