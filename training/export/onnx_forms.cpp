// SPDX-License-Identifier: Apache-2.0
#include "export/onnx_forms.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "nn/graph/onnx_values.hpp"

namespace drgan::exporting {

namespace {

using Sizes = std::vector<int64_t>;

class Forms {
public:
    explicit Forms(const onnx::ModelProto& model) : graph_(model.graph()) {
        if (model.ir_version() != irVersion || model.opset_import_size() != 1 ||
            model.opset_import(0).version() != opset) {
            throw std::runtime_error("ONNX forms: expected IR version " + std::to_string(irVersion) +
                                     ", operator set " + std::to_string(opset) + " only");
        }
        for (const auto& tensor : graph_.initializer()) {
            constants_[tensor.name()] = &tensor;
        }
    }

    void check() {
        bool concat = false;
        for (const auto& node : graph_.node()) {
            node_ = &node;
            const auto rule = rules().find(node.op_type());
            expect(rule != rules().end(), "an operator that is listed in export/onnx_forms.hpp");
            (this->*rule->second)();
            concat = concat || node.op_type() == "Concat";
        }
        for (const auto* values : {&graph_.input(), &graph_.output()}) {
            for (const auto& value : *values) {
                checkAxes(value, concat);
            }
        }
    }

private:
    using Rule = void (Forms::*)();
    static const std::map<std::string, Rule>& rules() {
        static const std::map<std::string, Rule> all{{"Conv", &Forms::conv},
                                                     {"ConvTranspose", &Forms::conv},
                                                     {"Gemm", &Forms::gemm},
                                                     {"BatchNormalization", &Forms::batchNorm},
                                                     {"PRelu", &Forms::prelu},
                                                     {"Relu", &Forms::plain},
                                                     {"Elu", &Forms::plain},
                                                     {"Tanh", &Forms::plain},
                                                     {"Sigmoid", &Forms::plain},
                                                     {"GlobalAveragePool", &Forms::plain},
                                                     {"Clip", &Forms::clip},
                                                     {"Softmax", &Forms::softmax},
                                                     {"Add", &Forms::add},
                                                     {"Concat", &Forms::alongChannels},
                                                     {"Flatten", &Forms::alongChannels},
                                                     {"Reshape", &Forms::reshape},
                                                     {"Resize", &Forms::resize},
                                                     {"MaxPool", &Forms::pool},
                                                     {"AveragePool", &Forms::pool},
                                                     {"Pad", &Forms::pad},
                                                     {"Slice", &Forms::slice}};
        return all;
    }

    void expect(bool holds, const std::string& expected) const {
        if (!holds) {
            throw std::runtime_error("ONNX forms: node " + node_->op_type() + " '" + node_->output(0) + "': expected " +
                                     expected);
        }
    }

    /// @param variable inputs that come from other nodes, before `constant` ones
    void inputs(int variable, int constant, int optional = 0) const {
        const int count = node_->input_size();
        expect(count >= variable + constant && count <= variable + constant + optional,
               std::to_string(variable + constant + optional) + " inputs at most, got " + std::to_string(count));
        for (int i = 0; i < count; ++i) {
            expect((constants_.count(node_->input(i)) != 0) == (i >= variable),
                   "'" + node_->input(i) + "' to " + (i < variable ? "come from the graph" : "be a constant"));
        }
    }

    void attributes(const std::set<std::string>& known) const {
        for (const auto& a : node_->attribute()) {
            expect(known.count(a.name()) != 0, "no attribute '" + a.name() + "'");
        }
    }

    Sizes shapeOf(int input) const {
        const auto& dims = constants_.at(node_->input(input))->dims();
        return {dims.begin(), dims.end()};
    }
    Sizes integersOf(int input) const {
        const torch::Tensor t = nn::tensorOf(*constants_.at(node_->input(input)), node_->input(input));
        expect(t.scalar_type() == torch::kInt64 && t.dim() == 1, "a list of integers");
        return {t.data_ptr<int64_t>(), t.data_ptr<int64_t>() + t.numel()};
    }
    void window() const {
        const Sizes pads = nn::integers(*node_, "pads", {0, 0, 0, 0});
        expect(pads.size() == 4 && pads[0] == pads[2] && pads[1] == pads[3], "symmetric pads");
    }

    void conv() {
        inputs(1, 1, 1);
        expect(shapeOf(1).size() == 4, "weights of four axes");
        std::set<std::string> known{"kernel_shape", "strides", "pads", "group"};
        if (node_->op_type() == "ConvTranspose") {
            known.insert("output_padding");
        }
        attributes(known);
        window();
    }
    void gemm() {
        inputs(1, 2);
        attributes({"transB"});
        expect(nn::integer(*node_, "transB", 0) == 1, "transB 1");
    }
    void batchNorm() {
        inputs(1, 4);
        attributes({"epsilon"});
    }
    void prelu() {
        inputs(1, 1);
        attributes({});
        const Sizes slopes = shapeOf(1);
        expect(slopes.size() == 3 && slopes[1] == 1 && slopes[2] == 1, "slopes of shape [C,1,1]");
    }
    void plain() {
        inputs(1, 0);
        attributes({});
    }
    void clip() {
        inputs(1, 0);
        attributes({"min", "max"});
        expect(node_->attribute_size() == 2, "both min and max");
    }
    void softmax() {
        inputs(1, 0);
        attributes({"axis"});
        expect(nn::integer(*node_, "axis", 1) == -1, "axis -1");
    }
    void add() {
        inputs(2, 0);
        attributes({});
    }
    void alongChannels() {
        inputs(node_->op_type() == "Concat" ? node_->input_size() : 1, 0);
        attributes({"axis"});
        expect(nn::integer(*node_, "axis", 0) == 1, "axis 1");
    }
    void reshape() {
        inputs(1, 1);
        attributes({});
        const Sizes shape = integersOf(1);
        expect(shape.size() > 1 && shape[0] == -1 && *std::min_element(shape.begin() + 1, shape.end()) > 0,
               "a shape of -1 and sizes");
    }
    void resize() {
        inputs(1, 1);
        attributes({"mode"});
        const auto* mode = nn::find(*node_, "mode");
        expect(mode && mode->s() == "nearest", "mode nearest");
        const torch::Tensor scales = nn::tensorOf(*constants_.at(node_->input(1)), node_->input(1));
        expect(scales.scalar_type() == torch::kFloat32 && torch::equal(scales, torch::tensor({1.F, 1.F, 2.F, 2.F})),
               "scales 1, 1, 2, 2");
    }
    void pool() {
        inputs(1, 0);
        attributes({"kernel_shape", "strides", "pads"});
        window();
    }
    void pad() {
        inputs(1, 0);
        attributes({"pads"});
        const Sizes pads = nn::integers(*node_, "pads", {});
        expect(pads.size() == 8 && pads.back() > 0 && std::count(pads.begin(), pads.end(), 0) == 7,
               "zeros on the right of a map");
    }
    void slice() {
        inputs(1, 3);
        attributes({});
        expect(
            integersOf(1) == Sizes{0} && integersOf(2).size() == 1 && integersOf(2)[0] > 0 && integersOf(3) == Sizes{3},
            "the first columns of a map");
    }

    static void checkAxes(const onnx::ValueInfoProto& value, bool concat) {
        const auto fail = [&](const std::string& what) {
            throw std::runtime_error("ONNX forms: '" + value.name() + "': " + what);
        };
        const auto& dims = value.type().tensor_type().shape().dim();
        for (int i = 0; i < dims.size(); ++i) {
            const bool named = !dims[i].dim_param().empty(), sized = dims[i].dim_value() > 0;
            if (i == 0 && (named || sized)) {
                fail("its batch axis has a name or a size");
            }
            if (i > 0 && !named && !sized) {
                fail("axis " + std::to_string(i) + " has neither a size nor a name");
            }
            if (i > 0 && named && concat) {
                fail("axis " + std::to_string(i) + " is free in a network that has a Concat");
            }
        }
    }

    const onnx::GraphProto& graph_;
    std::map<std::string, const onnx::TensorProto*> constants_;
    const onnx::NodeProto* node_ = nullptr;
};

}  // namespace

void checkForms(const onnx::ModelProto& model) { Forms(model).check(); }

}  // namespace drgan::exporting
