// SPDX-License-Identifier: Apache-2.0
#include "binding.hpp"

namespace drgan_python {

namespace {

using cv::drgan::Decoder;
using cv::drgan::Encoder;
using py::arg;

}  // namespace

void defineEncoder(py::module_& module) {
    using Self = Guarded<Encoder>;
    GuardedClass<Encoder> type(module, "Encoder", documented("Encoder").c_str());
    type.def(
            "alignCrop",
            [](Self& self, const py::object& src, const py::object& face, const py::object& dst) {
                const Input picture(src, "src"), place(face, "face");
                Output out(dst, "dst");
                self.call([&](const Encoder& encoder) { encoder.alignCrop(picture.mat(), place.mat(), out.mat()); });
                return out.value();
            },
            documented("Encoder::alignCrop", "alignCrop(src, face[, dst]) -> dst").c_str(), arg("src"), arg("face"),
            arg("dst") = py::none())
        .def(
            "feature",
            [](Self& self, const py::object& aligned, const py::object& embedding) {
                const Input picture(aligned, "aligned");
                Output out(embedding, "embedding");
                float confidence = 0;
                self.call([&](Encoder& encoder) { encoder.feature(picture.mat(), out.mat(), confidence); });
                return py::make_tuple(out.value(), confidence);
            },
            documented("Encoder::feature", "feature(aligned[, embedding]) -> embedding, confidence").c_str(),
            arg("aligned"), arg("embedding") = py::none())
        .def(
            "features",
            [](Self& self, const py::object& aligned, const py::object& embeddings, const py::object& confidences) {
                const Inputs pictures(aligned, "aligned");
                Output rows(embeddings, "embeddings"), weights(confidences, "confidences");
                self.call([&](Encoder& encoder) { encoder.features(pictures.mats(), rows.mat(), weights.mat()); });
                return py::make_tuple(rows.value(), weights.value());
            },
            documented("Encoder::features", "features(aligned[, embeddings[, confidences]]) -> embeddings, confidences")
                .c_str(),
            arg("aligned"), arg("embeddings") = py::none(), arg("confidences") = py::none())
        .def(
            "featuresAndAppearances",
            [](Self& self, const py::object& aligned, const py::object& embeddings, const py::object& confidences,
               const py::object& appearances) {
                const Inputs pictures(aligned, "aligned");
                Output rows(embeddings, "embeddings"), weights(confidences, "confidences"),
                    looks(appearances, "appearances");
                self.call([&](Encoder& encoder) {
                    encoder.featuresAndAppearances(pictures.mats(), rows.mat(), weights.mat(), looks.mat());
                });
                return py::make_tuple(rows.value(), weights.value(), looks.value());
            },
            documented("Encoder::featuresAndAppearances",
                       "featuresAndAppearances(aligned[, embeddings[, confidences[, appearances]]]) -> embeddings, "
                       "confidences, appearances")
                .c_str(),
            arg("aligned"), arg("embeddings") = py::none(), arg("confidences") = py::none(),
            arg("appearances") = py::none())
        .def(
            "appearance",
            [](Self& self, const py::object& aligned, const py::object& appearance) {
                const Input picture(aligned, "aligned");
                Output out(appearance, "appearance");
                self.call([&](Encoder& encoder) { encoder.appearance(picture.mat(), out.mat()); });
                return out.value();
            },
            documented("Encoder::appearance", "appearance(aligned[, appearance]) -> appearance").c_str(),
            arg("aligned"), arg("appearance") = py::none())
        .def(
            "match",
            [](Self& self, const py::object& a, const py::object& b, int disType) {
                const Input first(a, "a"), second(b, "b");
                return self.call(
                    [&](const Encoder& encoder) { return encoder.match(first.mat(), second.mat(), disType); });
            },
            documented("Encoder::match", "match(a, b[, disType]) -> float").c_str(), arg("a"), arg("b"),
            arg("disType") = static_cast<int>(Encoder::FR_COSINE))
        .def("embeddingSize", getter(&Encoder::embeddingSize),
             documented("Encoder::embeddingSize", "embeddingSize() -> int").c_str())
        .def("appearanceSize", getter(&Encoder::appearanceSize),
             documented("Encoder::appearanceSize", "appearanceSize() -> int").c_str())
        .def("alignment", getter(&Encoder::alignment),
             documented("Encoder::alignment", "alignment() -> Alignment").c_str())
        .def("bundleId", getter(&Encoder::bundleId), documented("Encoder::bundleId", "bundleId() -> str").c_str());
    defineClone(type, "Encoder");
    defineStatic(
        module, type, "create",
        [](const std::string& model, int backendId, int targetId) {
            return guarded<Encoder>([&] { return Encoder::create(model, backendId, targetId); });
        },
        documented("Encoder::create", "create(model[, backendId[, targetId]]) -> Encoder"), arg("model"),
        arg("backendId") = 0, arg("targetId") = 0);

    const std::pair<const char*, int> constants[] = {{"FR_COSINE", Encoder::FR_COSINE},
                                                     {"FR_NORM_L2", Encoder::FR_NORM_L2}};
    for (const auto& [name, value] : constants) {
        type.attr(name) = value;
        module.attr((std::string("Encoder_") + name).c_str()) = value;
        module.attr((std::string("ENCODER_") + name).c_str()) = value;
    }
}

void defineDecoder(py::module_& module) {
    using Self = Guarded<Decoder>;
    GuardedClass<Decoder> type(module, "Decoder", documented("Decoder").c_str());
    type.def(
            "rotate",
            [](Self& self, const py::object& embedding, float yawDegrees, const py::object& face,
               const py::object& noise) {
                const Input row(embedding, "embedding"), values(noise, "noise");
                Output out(face, "face");
                self.call([&](Decoder& decoder) { decoder.rotate(row.mat(), yawDegrees, out.mat(), values.mat()); });
                return out.value();
            },
            documented("Decoder::rotate", "rotate(embedding, yawDegrees[, face[, noise]]) -> face").c_str(),
            arg("embedding"), arg("yawDegrees"), arg("face") = py::none(), arg("noise") = py::none())
        .def(
            "frontalize",
            [](Self& self, const py::object& embedding, const py::object& face, const py::object& noise) {
                const Input row(embedding, "embedding"), values(noise, "noise");
                Output out(face, "face");
                self.call([&](Decoder& decoder) { decoder.frontalize(row.mat(), out.mat(), values.mat()); });
                return out.value();
            },
            documented("Decoder::frontalize", "frontalize(embedding[, face[, noise]]) -> face").c_str(),
            arg("embedding"), arg("face") = py::none(), arg("noise") = py::none())
        .def(
            "poses", [](Self& self) { return toArray(self.object->poses()); },
            documented("Decoder::poses", "poses() -> array").c_str())
        .def("embeddingSize", getter(&Decoder::embeddingSize),
             documented("Decoder::embeddingSize", "embeddingSize() -> int").c_str())
        .def("noiseSize", getter(&Decoder::noiseSize), documented("Decoder::noiseSize", "noiseSize() -> int").c_str())
        .def("imageSize", getter(&Decoder::imageSize), documented("Decoder::imageSize", "imageSize() -> int").c_str())
        .def("bundleId", getter(&Decoder::bundleId), documented("Decoder::bundleId", "bundleId() -> str").c_str());
    defineClone(type, "Decoder");
    defineStatic(
        module, type, "create",
        [](const std::string& model, const Shared<Encoder>& encoder, int backendId, int targetId) {
            return guarded<Decoder>([&] { return Decoder::create(model, pointer(encoder), backendId, targetId); });
        },
        documented("Decoder::create", "create(model[, encoder[, backendId[, targetId]]]) -> Decoder"), arg("model"),
        arg("encoder") = py::none(), arg("backendId") = 0, arg("targetId") = 0);
}

}  // namespace drgan_python
