// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <string>

#include "checkpoint/checkpoint.hpp"
#include "dr_gan/trainer.hpp"
#include "small_face_set.hpp"

namespace drgan::train {

/// Runs of tiny networks on a small set, in a temporary folder.
class TrainerRun : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("drgan-trainer-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
        stopRequested = false;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    DrGanOptions options(Stage stage, const std::string& run, int64_t steps) {
        if (!std::filesystem::exists(path("faces.safetensors"))) {
            writeSmallFaceSet(path("faces.safetensors"), {});
        }
        DrGanOptions o;
        o.stage = stage;
        o.faces = path("faces.safetensors");
        o.run = path(run);
        o.steps = steps;
        o.encoderWidth = o.decoderWidth = o.discriminatorWidth = 0.1;
        o.embeddingSize = 8;
        o.batch.persons = 4;
        o.batch.pictures = 3;
        o.batch.poseYaws = {-60, 0, 60};
        o.batch.targets = stage == Stage::Encoder ? 0 : 2;
        o.warmup = 2;
        o.evaluateEvery = 100;
        o.logEvery = 1;
        o.averaging = 0.9;
        o.adversarialWeight = 0.1;
        o.perceptualWeight = 0.5;
        o.threads = 1;
        return o;
    }

    static void train(DrGanOptions o) { Trainer(std::move(o), "").run(); }

    static double distance(const std::string& a, const std::string& b) {
        const Checkpoint left = Checkpoint::load(a), right = Checkpoint::load(b);
        EXPECT_EQ(left.tensors.size(), right.tensors.size());
        double largest = 0;
        for (const auto& [name, tensor] : left.tensors) {
            if (tensor.numel() > 0) {
                largest = std::max(largest, (tensor - right.tensors.at(name)).abs().max().item<double>());
            }
        }
        return largest;
    }

    std::string error(const DrGanOptions& o) {
        try {
            Trainer(o, "").run();
        } catch (const std::exception& e) {
            return e.what();
        }
        return "no error";
    }

    std::filesystem::path folder_;
};

}  // namespace drgan::train
