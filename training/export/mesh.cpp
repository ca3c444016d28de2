// SPDX-License-Identifier: Apache-2.0
#include "export/mesh.hpp"

#include "export/onnx_writer.hpp"
#include "io/replace_file.hpp"
#include "nn/models/face_mesh.hpp"
#include "opencv2/drgan/model_contract.hpp"

namespace drgan::exporting {

namespace contract = cv::drgan::contract;

void writeMesh(const train::Checkpoint& checkpoint, const std::string& path) {
    const nn::Graph network = checkpoint.network("averaged_mesh");
    const std::string side = std::to_string(network->inputs().at(nn::meshImage).at(1));
    io::replaceFiles({{path, toOnnx(network, "mesh",
                                    {{contract::keyVersion, std::to_string(contract::version)},
                                     {contract::keyRole, "mesh"},
                                     {contract::keyImageSize, side},
                                     {contract::keyColorOrder, "RGB"},
                                     {contract::keyPixelRange, "0,1"},
                                     {contract::keyCropFactor, checkpoint.value("crop_factor")}})}});
}

}  // namespace drgan::exporting
