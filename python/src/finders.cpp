// SPDX-License-Identifier: Apache-2.0
#include "binding.hpp"

namespace drgan_python {

namespace {

using cv::drgan::Aligner;
using cv::drgan::Detector;
using cv::drgan::Encoder;
using cv::drgan::FaceFinder;
using py::arg;

void defineAligner(py::module_& module) {
    GuardedClass<Aligner> type(module, "Aligner", documented("Aligner").c_str());
    type.def(
            "align",
            [](Guarded<Aligner>& self, const py::object& image, const py::object& boxes, const py::object& faces,
               int passes) {
                const Input picture(image, "image"), places(boxes, "boxes");
                Output out(faces, "faces");
                self.call([&](Aligner& aligner) { aligner.align(picture.mat(), places.mat(), out.mat(), passes); });
                return out.value();
            },
            documented("Aligner::align", "align(image, boxes[, faces[, passes]]) -> faces").c_str(), arg("image"),
            arg("boxes"), arg("faces") = py::none(), arg("passes") = 1)
        .def("imageSize", getter(&Aligner::imageSize), documented("Aligner::imageSize", "imageSize() -> int").c_str())
        .def("cropFactor", getter(&Aligner::cropFactor),
             documented("Aligner::cropFactor", "cropFactor() -> float").c_str())
        .def("bundleId", getter(&Aligner::bundleId), documented("Aligner::bundleId", "bundleId() -> str").c_str());
    defineClone(type, "Aligner");
    defineStatic(
        module, type, "create",
        [](const std::string& model, const Shared<Encoder>& encoder, int backendId, int targetId) {
            return guarded<Aligner>([&] { return Aligner::create(model, pointer(encoder), backendId, targetId); });
        },
        documented("Aligner::create", "create(model[, encoder[, backendId[, targetId]]]) -> Aligner"), arg("model"),
        arg("encoder") = py::none(), arg("backendId") = 0, arg("targetId") = 0);
}

void defineDetector(py::module_& module) {
    GuardedClass<Detector> type(module, "Detector", documented("Detector").c_str());
    type.def(
            "detect",
            [](Guarded<Detector>& self, const py::object& image, const py::object& faces) {
                const Input picture(image, "image");
                Output out(faces, "faces");
                self.call([&](Detector& detector) { detector.detect(picture.mat(), out.mat()); });
                return out.value();
            },
            documented("Detector::detect", "detect(image[, faces]) -> faces").c_str(), arg("image"),
            arg("faces") = py::none())
        .def("setScoreThreshold", setter(&Detector::setScoreThreshold),
             documented("Detector::setScoreThreshold", "setScoreThreshold(scoreThreshold)").c_str(),
             arg("scoreThreshold"))
        .def("getScoreThreshold", getter(&Detector::getScoreThreshold),
             documented("Detector::getScoreThreshold", "getScoreThreshold() -> float").c_str())
        .def("setNMSThreshold", setter(&Detector::setNMSThreshold),
             documented("Detector::setNMSThreshold", "setNMSThreshold(nmsThreshold)").c_str(), arg("nmsThreshold"))
        .def("getNMSThreshold", getter(&Detector::getNMSThreshold),
             documented("Detector::getNMSThreshold", "getNMSThreshold() -> float").c_str())
        .def("setTopK", setter(&Detector::setTopK), documented("Detector::setTopK", "setTopK(topK)").c_str(),
             arg("topK"))
        .def("getTopK", getter(&Detector::getTopK), documented("Detector::getTopK", "getTopK() -> int").c_str())
        .def("setMaxSide", setter(&Detector::setMaxSide),
             documented("Detector::setMaxSide", "setMaxSide(pixels)").c_str(), arg("pixels"))
        .def("getMaxSide", getter(&Detector::getMaxSide),
             documented("Detector::getMaxSide", "getMaxSide() -> int").c_str())
        .def("imageSize", getter(&Detector::imageSize), documented("Detector::imageSize", "imageSize() -> int").c_str())
        .def("bundleId", getter(&Detector::bundleId), documented("Detector::bundleId", "bundleId() -> str").c_str());
    defineClone(type, "Detector");
    defineStatic(
        module, type, "create",
        [](const std::string& model, const Shared<Encoder>& encoder, int backendId, int targetId) {
            return guarded<Detector>([&] { return Detector::create(model, pointer(encoder), backendId, targetId); });
        },
        documented("Detector::create", "create(model[, encoder[, backendId[, targetId]]]) -> Detector"), arg("model"),
        arg("encoder") = py::none(), arg("backendId") = 0, arg("targetId") = 0);
}

void defineFaceFinder(py::module_& module) {
    GuardedClass<FaceFinder> type(module, "FaceFinder", documented("FaceFinder").c_str());
    type.def(
            "find",
            [](Guarded<FaceFinder>& self, const py::object& image, const py::object& faces, float minFace) {
                const Input picture(image, "image");
                Output out(faces, "faces");
                self.call([&](FaceFinder& finder) { finder.find(picture.mat(), out.mat(), minFace); });
                return out.value();
            },
            documented("FaceFinder::find", "find(image[, faces[, minFace]]) -> faces").c_str(), arg("image"),
            arg("faces") = py::none(), arg("minFace") = 0.0f)
        .def(
            "findMain",
            [](Guarded<FaceFinder>& self, const py::object& image, const py::object& face) {
                const Input picture(image, "image");
                Output out(face, "face");
                const bool found =
                    self.call([&](FaceFinder& finder) { return finder.findMain(picture.mat(), out.mat()); });
                return py::make_tuple(found, out.value());
            },
            documented("FaceFinder::findMain", "findMain(image[, face]) -> found, face").c_str(), arg("image"),
            arg("face") = py::none())
        .def("workingSide", getter(&FaceFinder::workingSide),
             documented("FaceFinder::workingSide", "workingSide() -> int").c_str())
        .def("sureScore", getter(&FaceFinder::sureScore),
             documented("FaceFinder::sureScore", "sureScore() -> float").c_str())
        .def("measuresLandmarks", getter(&FaceFinder::measuresLandmarks),
             documented("FaceFinder::measuresLandmarks", "measuresLandmarks() -> bool").c_str());
    defineClone(type, "FaceFinder");
    defineStatic(
        module, type, "create",
        [](const std::string& model, const std::string& bundle, int backendId, int targetId) {
            return guarded<FaceFinder>([&] { return FaceFinder::create(model, bundle, backendId, targetId); });
        },
        documented("FaceFinder::create", "create([model[, bundle[, backendId[, targetId]]]]) -> FaceFinder"),
        arg("model") = std::string(), arg("bundle") = std::string(), arg("backendId") = 0, arg("targetId") = 0);
}

}  // namespace

void defineFinders(py::module_& module) {
    defineAligner(module);
    defineDetector(module);
    defineFaceFinder(module);
}

}  // namespace drgan_python
