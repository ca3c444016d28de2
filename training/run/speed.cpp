// SPDX-License-Identifier: Apache-2.0
#include "run/speed.hpp"

#include <ATen/Version.h>
#include <ATen/native/DispatchStub.h>
#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <fstream>

#include "io/safetensors.hpp"
#include "nn/models/networks.hpp"
#include "nn/process_group.hpp"
#include "run/parallel.hpp"

namespace drgan::train {

namespace {

constexpr const char* automatic = "auto";
constexpr const char* precisionKey = "precision";
constexpr const char* formatKey = "memory_format";

}  // namespace

Processor thisProcessor() {
    Processor result;
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos) {
            result.name = line.substr(line.find(": ") + 2);
            break;
        }
    }
#if defined(__x86_64__) && defined(__GNUC__)
    const char* wanted = std::getenv("ATEN_CPU_CAPABILITY");
    const bool held = wanted && std::string(wanted) != "avx512";
    result.avx512 = !held && __builtin_cpu_supports("avx512f") != 0;
    result.bfloat16 = result.avx512 && __builtin_cpu_supports("avx512bf16") != 0;
#endif
    return result;
}

std::string chooseSpeed(RunOptions& o, const Processor& processor,
                        const std::optional<std::map<std::string, std::string>>& resumed) {
    auto choose = [&](std::string& value, const char* key, const char* before, const std::string& now,
                      const std::string& because) {
        if (value != automatic) {
            return fmt::format("{} (as asked for)", value);
        }
        if (resumed) {
            const auto it = resumed->find(key);
            value = it == resumed->end() ? before : it->second;
            return fmt::format("{} (as this run had it)", value);
        }
        value = now;
        return fmt::format("{} ({})", value, because);
    };
    const bool cpu = o.device == "cpu";
    const std::string format =
        choose(o.memoryFormat, formatKey, "channels-last", !cpu || processor.avx512 ? "channels-last" : "planes",
               !cpu               ? "as always on cuda"
               : processor.avx512 ? "the processor has AVX-512"
                                  : "the processor has no AVX-512");
    const std::string precision =
        choose(o.precision, precisionKey, "float32", cpu && processor.bfloat16 ? "bf16" : "float32",
               !cpu                 ? "on cuda, bf16 has to be asked for"
               : processor.bfloat16 ? "the processor has instructions for it"
                                    : "the processor would emulate bf16");
    return fmt::format("{}: memory format {}, precision {}", cpu ? processor.name : o.device, format, precision);
}

std::string applySpeed(RunOptions& o) {
    std::optional<std::map<std::string, std::string>> resumed;
    const std::filesystem::path last = std::filesystem::path(o.run) / "last.safetensors";
    if (o.resume && nn::group().rank() == 0 && std::filesystem::exists(last)) {
        resumed = io::SafetensorsFile(last.string()).metadata();
    }
    const std::string line = chooseSpeed(o, thisProcessor(), resumed);
    torch::Tensor choice = torch::tensor({o.memoryFormat == "planes" ? 1. : 0., o.precision == "bf16" ? 1. : 0.})
                               .to(localDevice(o.device));
    nn::group().broadcast(choice);
    o.memoryFormat = choice[0].item<double>() > 0 ? "planes" : "channels-last";
    o.precision = choice[1].item<double>() > 0 ? "bf16" : "float32";
    nn::setMemoryFormat(o.memoryFormat == "planes" ? torch::MemoryFormat::Contiguous
                                                   : torch::MemoryFormat::ChannelsLast);
    return line;
}

void noteSpeed(const RunOptions& o, std::map<std::string, std::string>& metadata) {
    metadata[precisionKey] = o.precision;
    metadata[formatKey] = o.memoryFormat;
}

}  // namespace drgan::train
