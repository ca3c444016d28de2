// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_DEMO_PIPELINE_HPP
#define DRGAN_EXAMPLES_DEMO_PIPELINE_HPP

#include <string>
#include <vector>

namespace drgan::examples {

struct PipelineOptions {
    std::string input;     ///< file, URI or /dev/videoN
    std::string output;    ///< the annotated video, MP4
    std::string results;   ///< the element's messages as JSON lines
    std::string detector;  ///< YuNet model; empty: the bundle's detector
    std::string bundle;    ///< folder of the models; empty: the default bundle
    bool display = true;   ///< draw boxes and frontal views
    bool embeddings = false;
};

/// The arguments of gst-launch-1.0 for the pipeline. The element is named "drgan".
/// @throws std::runtime_error if the input does not exist.
std::vector<std::string> describePipeline(const PipelineOptions& options);

/// The words as one line for the shell, quoted where necessary.
std::string shellLine(const std::vector<std::string>& words);

}  // namespace drgan::examples

#endif
