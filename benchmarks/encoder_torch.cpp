// SPDX-License-Identifier: Apache-2.0
//
// Runs the encoder with LibTorch, as the modules that the trainer makes of it: see encoder_runner.hpp.

#include <cstdlib>
#include <exception>
#include <string>

#include "encoder_runner.hpp"
#include "nn/graph/onnx_import.hpp"
#include "opencv2/drgan/model_contract.hpp"

using namespace drgan::benchmarks;
namespace contract = cv::drgan::contract;

int main(int argc, char** argv) {
    const std::string layout = argc == 5 ? argv[4] : "";
    if (layout != "planes" && layout != "channels_last") {
        std::cerr << "usage: drgan-bench-encoder-torch ENCODER.onnx PICTURES THREADS planes|channels_last\n";
        return 2;
    }
    try {
        const std::vector<float> all = readPictures(argv[2]);
        const torch::InferenceMode inference;
        at::set_num_threads(std::atoi(argv[3]));
        drgan::nn::Graph encoder = drgan::nn::importOnnxEncoder(argv[1], {});
        encoder->eval();
        const bool last = layout == "channels_last";
        if (last) {
            for (torch::Tensor& weight : encoder->parameters()) {
                if (weight.dim() == 4) {
                    weight.set_data(weight.contiguous(torch::MemoryFormat::ChannelsLast));
                }
            }
        }
        Runner runner;
        runner.run = [&](int batch) {
            torch::Tensor x = torch::from_blob(const_cast<float*>(all.data()), {batch, 3, side, side});
            if (last) {
                x = x.contiguous(torch::MemoryFormat::ChannelsLast);
            }
            const auto results = encoder->forward({{contract::encoderImage, x}});
            std::vector<float> values;
            for (const char* name : {contract::encoderEmbedding, contract::encoderConfidence}) {
                const torch::Tensor result = results.at(name).contiguous();
                values.insert(values.end(), result.data_ptr<float>(), result.data_ptr<float>() + result.numel());
            }
            return values;
        };
        answer(runner);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "drgan-bench-encoder-torch: " << error.what() << '\n';
        return 1;
    }
}
