// SPDX-License-Identifier: Apache-2.0
#include "run/speed.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "io/safetensors.hpp"
#include "nn/models/networks.hpp"
#include "nn/process_group.hpp"
#include "run/mixed_precision.hpp"
#include "run/optimisation.hpp"
#include "run/parallel.hpp"

namespace drgan::train {

namespace {

constexpr const char* automatic = "auto";
constexpr const char* precisionKey = "precision";
constexpr const char* formatKey = "memory_format";
constexpr double clearly = 0.87;          // of a time: what is less is faster, whatever else the machine does
constexpr int64_t measuredPictures = 16;  // of a step that is measured

torch::MemoryFormat formatOf(const std::string& name) {
    return name == "planes" ? torch::MemoryFormat::Contiguous : torch::MemoryFormat::ChannelsLast;
}

}  // namespace

std::string processorName() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) {
            return line.substr(line.find(": ") + 2);
        }
    }
    return "processor";
}

std::string chooseSpeed(RunOptions& o, const std::optional<std::map<std::string, std::string>>& resumed,
                        const std::function<StepTimes()>& times) {
    std::string why;
    const auto settle = [&](std::string& value, const char* key, const char* otherwise) {
        if (value != automatic) {
            why += fmt::format("; {} was asked for", value);
        } else if (resumed) {
            const auto it = resumed->find(key);
            value = it == resumed->end() ? otherwise : it->second;
            why += fmt::format("; this run had {}", value);
        }
    };
    settle(o.memoryFormat, formatKey, "channels-last");
    settle(o.precision, precisionKey, "float32");
    if (o.device != "cpu" && (o.memoryFormat == automatic || o.precision == automatic)) {
        o.memoryFormat = o.memoryFormat == automatic ? "channels-last" : o.memoryFormat;
        o.precision = o.precision == automatic ? "float32" : o.precision;
        why += "; on cuda, others have to be asked for";
    } else if (o.memoryFormat == automatic || o.precision == automatic) {
        const StepTimes measured = times();
        const auto fits = [](const std::string& wanted, const std::string& value) {
            return wanted == automatic || wanted == value;
        };
        const std::string format = o.memoryFormat, precision = o.precision;
        double least = 0;
        why += "; measured, ms a step:";
        const std::pair<std::string, std::string> ways[] = {
            {"channels-last", "float32"}, {"planes", "float32"}, {"channels-last", "bf16"}, {"planes", "bf16"}};
        for (const auto& how : ways) {  // an earlier one is left only for a clearly faster one
            const auto it = measured.find(how);
            if (it == measured.end() || !fits(format, how.first) || !fits(precision, how.second)) {
                continue;
            }
            const double time = it->second;
            why += fmt::format(" {} {} {:.1f}", how.first, how.second, time);
            if (least == 0 || time < clearly * least) {
                least = time;
                std::tie(o.memoryFormat, o.precision) = how;
            }
        }
    }
    return fmt::format("{}: memory format {}, precision {} ({})", o.device == "cpu" ? processorName() : o.device,
                       o.memoryFormat, o.precision, why.substr(std::min<size_t>(2, why.size())));
}

StepTimes measureSteps(MeasuredNetwork measured, const RunOptions& o) {
    nn::Graph& network = measured.network;
    torch::manual_seed(1);
    network->train();
    nn::Edges inputs;
    for (const auto& [name, shape] : network->inputs()) {
        std::vector<int64_t> sizes{measuredPictures};
        for (const int64_t size : shape) {
            sizes.push_back(size > 0 ? size : measured.openSide);
        }
        inputs[name] = torch::rand(sizes) * 2 - 1;
    }
    // By itself: the other processes measure nothing, and batch norm would wait for them.
    struct Lone {
        std::shared_ptr<nn::Group> group = nn::setGroup(nullptr);
        ~Lone() { nn::setGroup(group); }
    } lone;
    const torch::MemoryFormat before = nn::memoryFormat();
    StepTimes times;
    for (const char* format : {"channels-last", "planes"}) {
        nn::setMemoryFormat(formatOf(format));
        toMemoryFormat(network);
        nn::Edges given;
        for (const auto& [name, tensor] : inputs) {
            given[name] = tensor.dim() == 4 ? tensor.contiguous(nn::memoryFormat()) : tensor;
        }
        for (const char* precision : {"float32", "bf16"}) {
            RunOptions how = o;
            how.precision = precision;
            double& best = times[{format, precision}];
            for (int i = 0; i < 4; ++i) {  // the first one plans kernels and memory
                for (torch::Tensor p : network->parameters()) {
                    p.mutable_grad() = torch::Tensor();
                }
                const std::clock_t from = std::clock();  // of all threads: what else runs on the machine counts little
                torch::Tensor sum = torch::zeros({});
                {
                    const MixedPrecision half(how);
                    for (const auto& item : network->forward(given)) {
                        sum = sum + item.second.sum();
                    }
                }
                sum.backward();
                const double time = 1e3 * static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC;
                best = i < 2 ? time : std::min(best, time);
            }
        }
    }
    nn::setMemoryFormat(before);
    return times;
}

std::string applySpeed(RunOptions& o, const std::function<MeasuredNetwork()>& network) {
    std::optional<std::map<std::string, std::string>> resumed;
    const std::filesystem::path last = std::filesystem::path(o.run) / "last.safetensors";
    if (o.resume && nn::group().rank() == 0 && std::filesystem::exists(last)) {
        resumed = io::SafetensorsFile(last.string()).metadata();
    }
    // The others take what the first one measures.
    const bool leads = nn::group().rank() == 0;
    const std::string line = chooseSpeed(o, resumed, [&] {
        return leads ? measureSteps(network(), o) : StepTimes{{{"channels-last", "float32"}, 1}};
    });
    torch::Tensor choice = torch::tensor({o.memoryFormat == "planes" ? 1. : 0., o.precision == "bf16" ? 1. : 0.})
                               .to(localDevice(o.device));
    nn::group().broadcast(choice);
    o.memoryFormat = choice[0].item<double>() > 0 ? "planes" : "channels-last";
    o.precision = choice[1].item<double>() > 0 ? "bf16" : "float32";
    nn::setMemoryFormat(formatOf(o.memoryFormat));
    return line;
}

void noteSpeed(const RunOptions& o, std::map<std::string, std::string>& metadata) {
    metadata[precisionKey] = o.precision;
    metadata[formatKey] = o.memoryFormat;
}

}  // namespace drgan::train
