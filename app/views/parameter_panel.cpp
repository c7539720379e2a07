#include "app/views/parameter_panel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>

#include <QAbstractButton>
#include <QButtonGroup>
#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSpinBox>
#include <QVBoxLayout>

#include "app/look/look.h"
#include "app/views/segmented.h"

namespace hyena::app {

using namespace Qt::StringLiterals;
using backbone::FieldDoc;
using nlohmann::json;

namespace {

constexpr int kWait = 100;  // milliseconds
constexpr std::array kShared{"layer", "filter", "channel", "token", "label"};

/// "decay_window" as people read it: "Decay window".
QString readable(const char* name) {
  auto text = QString::fromUtf8(name).replace(u'_', u' ');
  if (!text.isEmpty()) text[0] = text[0].toUpper();
  return text;
}

class NumberBox : public QDoubleSpinBox {
 public:
  using QDoubleSpinBox::QDoubleSpinBox;
  QString textFromValue(double value) const override { return QString::number(value, 'g', 6); }
};

/// One row for each field.
class Editor : public backbone::OptionVisitor {
 public:
  Editor(QVBoxLayout& rows, std::function<void(const char*, json)> set)
      : rows_(rows), set_(std::move(set)) {}

  int rows() const { return count_; }

  void field(const char* name, bool& value, const FieldDoc& doc) override {
    auto* box = new QCheckBox(readable(name));
    box->setChecked(value);
    box->setToolTip(QString::fromUtf8(doc.help));
    box->setAccessibleDescription(QString::fromUtf8(doc.help));
    box->setMinimumHeight(24);
    QObject::connect(box, &QCheckBox::toggled, box, [set = set_, name](bool on) { set(name, on); });
    rows_.addWidget(box);
    ++count_;
  }
  void field(const char* name, std::int64_t& value, const FieldDoc& doc) override {
    if (is_shared_field(name)) return;
    auto* box = new QSpinBox;
    box->setRange(static_cast<int>(std::max(doc.min, -1e9)),
                  static_cast<int>(std::min(doc.max, 1e9)));
    box->setValue(static_cast<int>(value));
    box->setKeyboardTracking(false);
    box->setFont(mono(12));
    box->setAlignment(Qt::AlignCenter);
    QObject::connect(box, &QSpinBox::valueChanged, box,
                     [set = set_, name](int v) { set(name, std::int64_t{v}); });
    row(name, doc, box);
  }
  void field(const char* name, double& value, const FieldDoc& doc) override {
    auto* box = new NumberBox;
    box->setDecimals(6);
    box->setRange(std::max(doc.min, -1e12), std::min(doc.max, 1e12));
    box->setSingleStep(
        std::max(0.01, std::pow(10.0, std::floor(std::log10(std::abs(value) + 1e-9)) - 0)));
    box->setValue(value);
    box->setKeyboardTracking(false);
    box->setFont(mono(12));
    box->setAlignment(Qt::AlignCenter);
    QObject::connect(box, &QDoubleSpinBox::valueChanged, box,
                     [set = set_, name](double v) { set(name, v); });
    row(name, doc, box);
  }
  void field(const char* name, std::string& value, const FieldDoc& doc) override {
    if (doc.choices.empty()) {
      auto* box = new QLineEdit(QString::fromStdString(value));
      QObject::connect(box, &QLineEdit::textEdited, box,
                       [set = set_, name](const QString& text) { set(name, text.toStdString()); });
      row(name, doc, box);
      return;
    }
    QStringList names;
    for (const auto& choice : doc.choices)
      names << QString::fromStdString(choice).replace(u'_', u' ');
    const auto at = std::ranges::find(doc.choices, value) - doc.choices.begin();
    const auto choose = [set = set_, name, choices = doc.choices](int index) {
      set(name, choices[static_cast<std::size_t>(index)]);
    };
    const auto letters = names.join(QString()).size();
    if (names.size() <= 3 && letters <= 18) {
      auto* segments = new Segmented(names);
      segments->set_current(static_cast<int>(at));
      QObject::connect(segments, &Segmented::chosen, segments, choose);
      row(name, doc, segments);
    } else {
      auto* box = new QComboBox;
      box->addItems(names);
      box->setCurrentIndex(static_cast<int>(at));
      box->setMinimumContentsLength(6);
      box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
      QObject::connect(box, &QComboBox::currentIndexChanged, box, choose);
      row(name, doc, box);
    }
  }
  void field(const char* name, std::vector<std::int64_t>& value, const FieldDoc& doc) override {
    list(name, value, doc, [](const QString& text, bool& ok) {
      return static_cast<std::int64_t>(text.toLongLong(&ok));
    });
  }
  void field(const char* name, std::vector<double>& value, const FieldDoc& doc) override {
    list(name, value, doc, [](const QString& text, bool& ok) { return text.toDouble(&ok); });
  }
  void field(const char* name, std::vector<std::string>& value, const FieldDoc& doc) override {
    QStringList parts;
    for (const auto& part : value) parts << QString::fromStdString(part);
    auto* box = new QLineEdit(parts.join(", "_L1));
    QObject::connect(box, &QLineEdit::textEdited, box, [set = set_, name](const QString& text) {
      auto out = json::array();
      for (const auto& part : text.split(u',', Qt::SkipEmptyParts)) {
        out.push_back(part.trimmed().toStdString());
      }
      set(name, out);
    });
    row(name, doc, box);
  }

 private:
  template <class T, class Read>
  void list(const char* name, const std::vector<T>& value, const FieldDoc& doc, Read read) {
    QStringList parts;
    for (const auto part : value) parts << QString::number(part);
    auto* box = new QLineEdit(parts.join(", "_L1));
    box->setFont(mono(12));
    QObject::connect(box, &QLineEdit::textEdited, box,
                     [set = set_, name, box, read](const QString& text) {
                       auto out = json::array();
                       bool all = true;
                       for (const auto& part : text.split(u',', Qt::SkipEmptyParts)) {
                         bool ok = false;
                         out.push_back(read(part.trimmed(), ok));
                         all = all && ok;
                       }
                       box->setProperty("wrong", !all);
                       box->update();
                       if (all) set(name, out);
                     });
    row(name, doc, box);
  }

  void row(const char* name, const FieldDoc& doc, QWidget* editor) {
    auto* line = new QHBoxLayout;
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(8);
    auto* label = new QLabel(readable(name));
    label->setFixedWidth(88);
    label->setWordWrap(true);
    auto palette = label->palette();
    palette.setColor(QPalette::WindowText, colors().text2);
    label->setPalette(palette);
    auto help = QString::fromUtf8(doc.help);
    if (*doc.unit) help += u" ("_s + QString::fromUtf8(doc.unit) + u')';
    for (auto* widget : {static_cast<QWidget*>(label), editor}) widget->setToolTip(help);
    editor->setAccessibleName(readable(name));
    editor->setAccessibleDescription(help);
    label->setBuddy(editor);
    line->addWidget(label);
    line->addWidget(editor, 1);
    rows_.addLayout(line);
    ++count_;
  }

  QVBoxLayout& rows_;
  std::function<void(const char*, json)> set_;
  int count_ = 0;
};

/// Which of the shared fields there are.
class SharedFields : public backbone::OptionVisitor {
 public:
  std::vector<std::string> found;
  void field(const char* name, std::int64_t& /*value*/, const FieldDoc& /*doc*/) override {
    if (is_shared_field(name)) found.emplace_back(name);
  }
  void field(const char*, bool&, const FieldDoc&) override {}
  void field(const char*, double&, const FieldDoc&) override {}
  void field(const char*, std::string&, const FieldDoc&) override {}
  void field(const char*, std::vector<std::int64_t>&, const FieldDoc&) override {}
  void field(const char*, std::vector<double>&, const FieldDoc&) override {}
  void field(const char*, std::vector<std::string>&, const FieldDoc&) override {}
};

}  // namespace

bool is_shared_field(const std::string& name) {
  return std::ranges::find(kShared, name) != kShared.end();
}

std::vector<std::string> shared_fields(const inspect::View& view) {
  SharedFields visitor;
  view.parameters()->visit(visitor);
  return visitor.found;
}

ParameterPanel::ParameterPanel(QWidget* parent) : QWidget(parent), rows_(new QVBoxLayout(this)) {
  rows_->setContentsMargins(12, 10, 12, 12);
  wait_.setSingleShot(true);
  wait_.setInterval(kWait);
  connect(&wait_, &QTimer::timeout, this, [this] { Q_EMIT edited(values_); });
  show_view(nullptr, json::object());
}

void ParameterPanel::show_view(const inspect::View* view, const json& values) {
  wait_.stop();
  values_ = values;
  delete body_;
  body_ = new QWidget;
  auto* rows = new QVBoxLayout(body_);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(6);
  rows_->addWidget(body_);
  int count = 0;
  if (view) {
    auto options = view->parameters();
    backbone::options_from_json(*options, values, "parameters");
    Editor editor(*rows, [this](const char* name, json value) { set(name, std::move(value)); });
    options->visit(editor);
    count = editor.rows();
  }
  if (count == 0) {
    auto* none = new QLabel(view ? tr("This view has nothing to set.")
                                 : tr("The settings of the view in front appear here."));
    none->setWordWrap(true);
    none->setForegroundRole(QPalette::PlaceholderText);
    rows->addWidget(none);
  }
  rows->addStretch(1);
}

void ParameterPanel::set(const char* name, json value) {
  values_[name] = std::move(value);
  wait_.start();
}

}  // namespace hyena::app
