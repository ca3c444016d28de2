// SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include "binding.hpp"

namespace drgan_python {

namespace {

using cv::drgan::Identification;
using cv::drgan::NamingRule;
using cv::drgan::Thresholds;
using py::arg;

void defineThresholds(py::module_& module) {
    py::class_<Thresholds>(module, "Thresholds", documented("Thresholds").c_str())
        .def(py::init<>(), "Thresholds() -> none")
        .def_property(
            "rates", [](const Thresholds& self) { return toArray(self.rates); },
            [](Thresholds& self, std::vector<double> rates) { self.rates = std::move(rates); },
            documented("Thresholds::rates").c_str())
        .def_property(
            "cosines", [](const Thresholds& self) { return toArray(self.cosines); },
            [](Thresholds& self, std::vector<float> cosines) { self.cosines = std::move(cosines); },
            documented("Thresholds::cosines").c_str())
        .def("empty", &Thresholds::empty, documented("Thresholds::empty", "empty() -> bool").c_str())
        .def("cosine", &Thresholds::cosine, documented("Thresholds::cosine", "cosine(rate) -> float").c_str(),
             arg("rate"))
        .def("naming", &Thresholds::naming,
             documented("Thresholds::naming", "naming(people[, strangerRate]) -> float").c_str(), arg("people"),
             arg("strangerRate") = 0.01)
        .def("__repr__", [](const Thresholds& self) {
            std::string text = "drgan.Thresholds:";
            for (size_t i = 0; i < std::min(self.rates.size(), self.cosines.size()); ++i) {
                text += cv::format("%s %g at %g", i == 0 ? "" : ",", self.cosines[i], self.rates[i]);
            }
            return self.empty() ? text + " none" : text;
        });
}

void defineRule(py::module_& module) {
    py::class_<NamingRule>(module, "NamingRule", documented("NamingRule").c_str())
        .def(py::init<>(), "NamingRule() -> NamingRule of no bundle; see Bundle.naming")
        .def_readwrite("strangerRate", &NamingRule::strangerRate, documented("NamingRule::strangerRate").c_str())
        .def_readwrite("threshold", &NamingRule::threshold, documented("NamingRule::threshold").c_str())
        .def_readwrite("margin", &NamingRule::margin, documented("NamingRule::margin").c_str())
        .def_property(
            "thresholds", [](const NamingRule& self) { return self.thresholds; },
            [](NamingRule& self, const Thresholds& thresholds) { self.thresholds = thresholds; },
            documented("NamingRule::thresholds").c_str())
        .def_readwrite("matchThreshold", &NamingRule::matchThreshold, documented("NamingRule::matchThreshold").c_str());
}

void defineIdentification(py::module_& module) {
    py::class_<Identification>(module, "Identification", documented("Identification").c_str())
        .def(py::init<>(), "Identification() -> nobody")
        .def_readwrite("name", &Identification::name, documented("Identification::name").c_str())
        .def_readwrite("best", &Identification::best, documented("Identification::best").c_str())
        .def_readwrite("similarity", &Identification::similarity, documented("Identification::similarity").c_str())
        .def_readwrite("second", &Identification::second, documented("Identification::second").c_str())
        .def_readwrite("secondSimilarity", &Identification::secondSimilarity,
                       documented("Identification::secondSimilarity").c_str())
        .def_readwrite("threshold", &Identification::threshold, documented("Identification::threshold").c_str())
        .def("__repr__", [](const Identification& self) {
            return "drgan.Identification: " + (self.name.empty() ? std::string("nobody") : self.name) +
                   cv::format(", similarity %.3f where %.3f is asked for", self.similarity, self.threshold);
        });
}

}  // namespace

void defineNaming(py::module_& module) {
    defineThresholds(module);
    defineRule(module);
    defineIdentification(module);
}

}  // namespace drgan_python
