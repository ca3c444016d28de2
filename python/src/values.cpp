// SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include "binding.hpp"

namespace drgan_python {

namespace {

using cv::drgan::Alignment;
using cv::drgan::Bundle;
using cv::drgan::Template;
using py::arg;

void defineAlignment(py::module_& module) {
    py::class_<Alignment>(module, "Alignment", documented("Alignment").c_str())
        .def(py::init<>(), "Alignment() -> Alignment of size 0")
        .def_readwrite("size", &Alignment::size, documented("Alignment::size").c_str())
        .def_property(
            "eyes", [](const Alignment& self) { return py::make_tuple(self.eyes.x, self.eyes.y); },
            [](Alignment& self, const std::pair<float, float>& eyes) {
                self.eyes = cv::Point2f(eyes.first, eyes.second);
            },
            documented("Alignment::eyes", "(x, y)").c_str())
        .def_readwrite("eyeMouth", &Alignment::eyeMouth, documented("Alignment::eyeMouth").c_str())
        .def("__repr__", [](const Alignment& self) {
            return cv::format("drgan.Alignment: size %d, eyes (%g, %g), eyeMouth %g", self.size, self.eyes.x,
                              self.eyes.y, self.eyeMouth);
        });
}

void defineBundle(py::module_& module) {
    py::class_<Bundle> type(module, "Bundle", documented("Bundle").c_str());
    type.def(py::init<>(), "Bundle() -> Bundle without models; see load()")
        .def_readwrite("folder", &Bundle::folder, documented("Bundle::folder").c_str())
        .def_readwrite("id", &Bundle::id, documented("Bundle::id").c_str())
        .def_readwrite("encoder", &Bundle::encoder, documented("Bundle::encoder").c_str())
        .def_readwrite("decoder", &Bundle::decoder, documented("Bundle::decoder").c_str())
        .def_readwrite("aligner", &Bundle::aligner, documented("Bundle::aligner").c_str())
        .def_readwrite("detector", &Bundle::detector, documented("Bundle::detector").c_str())
        .def_property(
            "poseYaws", [](const Bundle& self) { return toArray(self.poseYaws); },
            [](Bundle& self, std::vector<float> yaws) { self.poseYaws = std::move(yaws); },
            documented("Bundle::poseYaws").c_str())
        .def_readwrite("matchThreshold", &Bundle::matchThreshold, documented("Bundle::matchThreshold").c_str())
        .def_property(
            "thresholds", [](const Bundle& self) { return self.thresholds; },
            [](Bundle& self, const cv::drgan::Thresholds& thresholds) { self.thresholds = thresholds; },
            documented("Bundle::thresholds").c_str())
        .def("naming", &Bundle::naming, documented("Bundle::naming", "naming() -> NamingRule").c_str())
        .def("__repr__", [](const Bundle& self) { return "drgan.Bundle: " + self.id + " in " + self.folder; });
    defineStatic(
        module, type, "load",
        [](const std::string& folder) {
            const py::gil_scoped_release released;
            return Bundle::load(folder);
        },
        documented("Bundle::load", "load([folder]) -> Bundle"), arg("folder") = std::string());
}

// A template takes only microseconds: it keeps the GIL and needs no lock.
void defineTemplate(py::module_& module) {
    py::class_<Template>(module, "Template", documented("Template").c_str())
        .def(py::init<>(), "Template() -> an empty template")
        .def(
            "add",
            [](Template& self, const py::object& embedding, float confidence) {
                self.add(Input(embedding, "embedding").mat(), confidence);
            },
            documented("Template::add", "add(embedding, confidence)").c_str(), arg("embedding"), arg("confidence"))
        .def(
            "fused",
            [](const Template& self, const py::object& embedding) {
                Output out(embedding, "embedding");
                self.fused(out.mat());
                return out.value();
            },
            documented("Template::fused", "fused([embedding]) -> embedding").c_str(), arg("embedding") = py::none())
        .def("size", &Template::size, documented("Template::size", "size() -> int").c_str())
        .def("totalConfidence", &Template::totalConfidence,
             documented("Template::totalConfidence", "totalConfidence() -> float").c_str())
        .def("reset", &Template::reset,
             documented("Template::reset", "reset()\n\nForgets all that was added.").c_str());
}

}  // namespace

void defineValues(py::module_& module) {
    defineAlignment(module);
    defineBundle(module);
    defineTemplate(module);

    module.def(
        "alignCrop",
        [](const py::object& src, const py::object& face, const Alignment& alignment, const py::object& dst) {
            const Input picture(src, "src"), place(face, "face");
            Output out(dst, "dst");
            {
                const py::gil_scoped_release released;
                cv::drgan::alignCrop(picture.mat(), place.mat(), out.mat(), alignment);
            }
            return out.value();
        },
        documented("alignCrop", "alignCrop(src, face, alignment[, dst]) -> dst").c_str(), arg("src"), arg("face"),
        arg("alignment"), arg("dst") = py::none());
    module.def(
        "estimateYaw", [](const py::object& face) { return cv::drgan::estimateYaw(Input(face, "face").mat()); },
        documented("estimateYaw", "estimateYaw(face) -> float").c_str(), arg("face"));
    module.def(
        "fuse",
        [](const py::object& embeddings, const py::object& confidences, const py::object& fused) {
            const Input rows(embeddings, "embeddings"), weights(confidences, "confidences");
            Output out(fused, "fused");
            {
                const py::gil_scoped_release released;
                cv::drgan::fuse(rows.mat(), weights.mat(), out.mat());
            }
            return out.value();
        },
        documented("fuse", "fuse(embeddings, confidences[, fused]) -> fused").c_str(), arg("embeddings"),
        arg("confidences"), arg("fused") = py::none());
}

}  // namespace drgan_python
