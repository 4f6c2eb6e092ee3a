package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/analyze"
	netschema "github.com/netmortem/netmortem/schema"
)

// TestSchema keeps result.schema.json current: it is printed from the structs of analyze and their comments.
func TestSchema(t *testing.T) {
	defs := map[string]any{}
	comments := resultComments(t)
	describe(reflect.TypeFor[analyze.Result](), comments, defs)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "Result of netmortem analyze",
		"$ref":    "#/$defs/Result",
		"$defs":   defs,
	})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("result.schema.json", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(Schema()) {
		t.Error("result.schema.json is not what analyze/result.go says; UPDATE=1 go test ./report writes it")
	}
}

// enums are the words that a field is limited to; outcomes of coverage may grow, and an empty role is omitted.
var enums = map[string][]string{
	"Severity":        wordsOf(analyze.Severities),
	"Outcome.Verdict": {analyze.Findings, analyze.Clean, analyze.NotJudged},
	"Gap.Outcome":     wordsOf(netschema.Outcomes),
	"Cause.Kind":      analyze.CauseKinds,
}

func wordsOf[S ~string](in []S) []string {
	var out []string
	for _, s := range in {
		out = append(out, string(s))
	}
	return out
}

// describe puts the schema of struct t, and of the structs in it, into defs.
func describe(t reflect.Type, comments map[string]string, defs map[string]any) {
	if _, ok := defs[t.Name()]; ok {
		return
	}
	props, required := map[string]any{}, []string{}
	def := map[string]any{"type": "object", "properties": props}
	if c := comments[t.Name()]; c != "" {
		def["description"] = c
	}
	defs[t.Name()] = def
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		key, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" {
			continue
		}
		s := shape(f.Type, comments, defs)
		if e := enums[t.Name()+"."+f.Name]; e != nil {
			s["enum"] = e
		}
		if c := comments[t.Name()+"."+f.Name]; c != "" {
			s["description"] = c
		}
		props[key] = s
		if !strings.Contains(rest, "omit") {
			required = append(required, key)
		}
	}
	def["required"] = required
}

// shape is the schema of one value.
func shape(t reflect.Type, comments map[string]string, defs map[string]any) map[string]any {
	switch t.Kind() {
	case reflect.String:
		if e := enums[t.Name()]; e != nil {
			return map[string]any{"type": "string", "enum": e}
		}
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": shape(t.Elem(), comments, defs)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": shape(t.Elem(), comments, defs)}
	case reflect.Pointer:
		return shape(t.Elem(), comments, defs)
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return map[string]any{"type": "string", "format": "date-time"}
		}
		describe(t, comments, defs)
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	}
	panic("no JSON Schema for " + t.String())
}

// resultComments are the comments of the structs in the files of analyze that hold them, by Struct and Struct.Field.
func resultComments(t *testing.T) map[string]string {
	var decls []ast.Decl
	for _, name := range []string{"result.go", "cause.go", "rule.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), "../analyze/"+name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, file.Decls...)
	}
	out := map[string]string{}
	for _, d := range decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, s := range g.Specs {
			spec := s.(*ast.TypeSpec)
			st, ok := spec.Type.(*ast.StructType)
			if !ok {
				continue
			}
			out[spec.Name.Name] = strings.Join(strings.Fields(g.Doc.Text()), " ")
			for _, f := range st.Fields.List {
				for _, n := range f.Names {
					out[spec.Name.Name+"."+n.Name] = strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
				}
			}
		}
	}
	return out
}

// TestJSONMeetsSchema: what JSON writes is what the schema says, with no key that it does not name.
func TestJSONMeetsSchema(t *testing.T) {
	if os.Getenv("UPDATE") != "" {
		t.Skip("the schema is being written")
	}
	var s map[string]any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*analyze.Result{"incident": sample(), "healthy": healthy(), "empty": {Severity: analyze.None}} {
		var doc any
		if err := json.Unmarshal([]byte(rendered(t, JSON, r)), &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range meets(s, s, doc, "result") {
			t.Errorf("%s: %s", name, e)
		}
	}
}

// meets lists where doc differs from the schema s; it knows the keywords that TestSchema writes.
func meets(root, s map[string]any, doc any, at string) []string {
	if ref, ok := s["$ref"].(string); ok {
		s = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	var bad []string
	switch v := doc.(type) {
	case map[string]any:
		props, _ := s["properties"].(map[string]any)
		for _, k := range anys(s["required"]) {
			if _, ok := v[k]; !ok {
				bad = append(bad, at+" lacks "+k)
			}
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			sub, ok := props[k].(map[string]any)
			if !ok {
				sub, ok = s["additionalProperties"].(map[string]any)
			}
			if !ok {
				bad = append(bad, at+" has "+k+", which the schema does not name")
				continue
			}
			bad = append(bad, meets(root, sub, v[k], at+"."+k)...)
		}
		return append(bad, wrongType(s, "object", at)...)
	case []any:
		for i, x := range v {
			bad = append(bad, meets(root, s["items"].(map[string]any), x, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return append(bad, wrongType(s, "array", at)...)
	case string:
		if e := anys(s["enum"]); e != nil && !slices.Contains(e, v) {
			bad = append(bad, at+" is "+v)
		}
		return append(bad, wrongType(s, "string", at)...)
	case bool:
		return wrongType(s, "boolean", at)
	case float64:
		return wrongType(s, "integer", at)
	}
	return []string{fmt.Sprintf("%s is %v", at, doc)}
}

func wrongType(s map[string]any, got, at string) []string {
	if s["type"] == got {
		return nil
	}
	return []string{fmt.Sprintf("%s is a %s, not %v", at, got, s["type"])}
}

func anys(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, x := range list {
		out = append(out, x.(string))
	}
	return out
}
