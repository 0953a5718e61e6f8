package casefile

import (
	"testing"

	"go.yaml.in/yaml/v3"
)

func BenchmarkParse(b *testing.B) {
	file := golden(b, goldenCase)
	b.Run("casefile", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Parse(file); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("yaml", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			var doc map[string]any
			if err := yaml.Unmarshal(file, &doc); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFormat(b *testing.B) {
	file := golden(b, goldenCase)
	c := must(Parse(file))(b)
	b.Run("casefile", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Format(c); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("yaml", func(b *testing.B) {
		doc := Document(c)
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := yaml.Marshal(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkParseProgram(b *testing.B) {
	file := fixture(b, "program.yaml")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseProgram(file); err != nil {
			b.Fatal(err)
		}
	}
}
