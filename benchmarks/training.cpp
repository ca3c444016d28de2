// SPDX-License-Identifier: Apache-2.0
//
// Measures the training speed. Prints the processor first, then the time of steps of the encoder and of the GAN (joint
// stage), with the paper's networks at full and half width and with an imported recogniser as the encoder, in both
// precisions and memory formats; batches are sampled and decoded beforehand. Then compares PReLU, which is our own
// operation on the CPU, with LibTorch's, forward and backward.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "dr_gan/steps.hpp"
#include "nn/kernels/prelu.hpp"
#include "run/speed.hpp"
#include "small_face_set.hpp"

namespace fs = std::filesystem;
namespace nn = drgan::nn;
using namespace drgan::train;

namespace {

constexpr int pictures = 16;  // per batch

struct Case {
    const char* name;
    Stage stage;
    std::string encoder;
    double width;
};

fs::path folder() {
    static const fs::path path = fs::temp_directory_path() / ("drgan-bench-" + std::to_string(::getpid()));
    fs::create_directories(path);
    return path;
}

const drgan::io::FaceSet& faces(int side) {
    static std::map<int, std::unique_ptr<drgan::io::FaceSet>> sets;
    auto& set = sets[side];
    if (!set) {
        const std::string file = (folder() / (std::to_string(side) + ".safetensors")).string();
        SmallFaceSet how;
        how.side = side;
        writeSmallFaceSet(file, how);
        set = std::make_unique<drgan::io::FaceSet>(file);
    }
    return *set;
}

void step(benchmark::State& state, const Case& which, const std::string& format, const std::string& precision) {
    nn::setMemoryFormat(format == "planes" ? torch::MemoryFormat::Contiguous : torch::MemoryFormat::ChannelsLast);
    const bool imported = which.encoder != "casia";
    const drgan::io::FaceSet& set = faces(imported ? 112 : 96);
    DrGanOptions o;
    o.stage = which.stage;
    o.encoder = which.encoder;
    o.encoderWidth = o.decoderWidth = o.discriminatorWidth = which.width;
    o.precision = precision;
    o.memoryFormat = format;
    o.memoryFormat = format;
    o.adversarialWeight = 0.1;
    o.identityWeight = 0;
    o.batch.persons = pictures;
    o.batch.pictures = 1;
    o.batch.targets = which.stage == Stage::Encoder ? 0 : 1;
    for (int yaw = -90; yaw <= 90; yaw += 15) {
        o.batch.poseYaws.push_back(static_cast<float>(yaw));
    }
    const Sampler sampler(set, o.batch);
    Model model(o, set, static_cast<int64_t>(sampler.persons()));
    const Targets targets = readTargets(set, sampler.faceSetPersons());
    const Batch batch = sampler.draw(0);
    model.train();
    int64_t number = 0;
    auto once = [&] {
        return which.stage == Stage::Encoder ? encoderStep(model, targets, o, batch, 1e-4)
                                             : generatorStep(model, targets, o, batch, number++, 1e-4, 1e-4);
    };
    once();  // allocates memory and selects kernels
    for (auto _ : state) {
        benchmark::DoNotOptimize(once());
    }
    state.SetItemsProcessed(state.iterations() * pictures);
}

/// Forward and backward passes of an operation on a channels-last map.
template <typename Operation>
void onMap(benchmark::State& state, bool half, Operation&& operation) {
    torch::manual_seed(1);
    const torch::Tensor x = torch::randn({16, 64, 56, 56})
                                .to(half ? torch::kBFloat16 : torch::kFloat32)
                                .contiguous(torch::MemoryFormat::ChannelsLast)
                                .requires_grad_();
    const torch::Tensor above = torch::randn_like(x);
    for (auto _ : state) {
        operation(x).backward(above);
    }
    state.SetItemsProcessed(state.iterations() * x.size(0));
}

void prelu(benchmark::State& state, bool own, bool half) {
    const torch::Tensor slope = torch::full({64}, 0.25).requires_grad_();
    const torch::Tensor same = slope.detach().to(half ? torch::kBFloat16 : torch::kFloat32).requires_grad_();
    onMap(state, half, [&](const torch::Tensor& x) { return own ? nn::prelu(x, slope) : torch::prelu(x, same); });
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    std::vector<Case> cases{{"encoder/casia/full", Stage::Encoder, "casia", 1},
                            {"encoder/casia/half", Stage::Encoder, "casia", 0.5},
                            {"gan/casia/full", Stage::Joint, "casia", 1},
                            {"gan/casia/half", Stage::Joint, "casia", 0.5}};
    if (const char* recognizer = std::getenv("DRGAN_RECOGNIZER")) {
        cases.push_back({"encoder/imported", Stage::Encoder, std::string("onnx:") + recognizer, 1});
    }
    for (const Case& which : cases) {
        for (const char* format : {"channels-last", "planes"}) {
            for (const char* precision : {"float32", "bf16"}) {
                const std::string name = std::string(which.name) + "/" + format + "/" + precision;
                benchmark::RegisterBenchmark(name.c_str(), step, which, format, precision)
                    ->Unit(benchmark::kMillisecond)
                    ->MinTime(2)
                    ->UseRealTime();
            }
        }
    }
    for (const bool half : {false, true}) {
        for (const bool own : {true, false}) {
            const std::string of = std::string(own ? "own" : "torch") + (half ? "/bf16" : "/float32");
            benchmark::RegisterBenchmark(("prelu/" + of).c_str(), prelu, own, half)
                ->Unit(benchmark::kMillisecond)
                ->UseRealTime();
        }
    }
    std::printf("%s\n", processorName().c_str());
    std::fflush(stdout);
    at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
    benchmark::RunSpecifiedBenchmarks();
    fs::remove_all(folder());
    return 0;
}
