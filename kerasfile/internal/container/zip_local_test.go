package container

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/hornml/horn/internal/zip"
)

// member is an entry of a zip that is written by hand, so that its two headers can differ.
type member struct {
	name         string
	data         []byte
	flags        uint16
	local        func(header []byte) // changes the local header
	extra        []byte              // of the local header
	after        []byte              // what follows the bytes
	at           int                 // where the directory says it is, from where it is
	stored, size int                 // what the directory says, from what it has
}

// handmade puts members together.
func handmade(members []member) []byte {
	le := binary.LittleEndian
	var b, directory []byte
	for _, m := range members {
		from := len(b)
		sum, n := crc32.ChecksumIEEE(m.data), uint32(len(m.data))
		head := func(b []byte, crc, stored, size uint32) []byte {
			b = append(b, 20, 0)
			b = le.AppendUint16(b, m.flags)
			b = append(b, 0, 0, 0, 0, 33, 0)
			b = le.AppendUint32(b, crc)
			b = le.AppendUint32(b, stored)
			b = le.AppendUint32(b, size)
			return le.AppendUint16(b, uint16(len(m.name)))
		}
		b = le.AppendUint32(b, zip.LocalSignature)
		if m.flags&zip.FlagDescriptor != 0 {
			b = head(b, 0, 0, 0)
		} else {
			b = head(b, sum, n, n)
		}
		b = le.AppendUint16(b, uint16(len(m.extra)))
		b = append(append(b, m.name...), m.extra...)
		if m.local != nil {
			m.local(b[from:])
		}
		b = append(append(b, m.data...), m.after...)
		directory = append(le.AppendUint32(directory, 0x02014b50), 20, 0)
		directory = head(directory, sum, n+uint32(m.stored), n+uint32(m.size))
		directory = append(directory, make([]byte, 12)...)
		directory = append(le.AppendUint32(directory, uint32(from+m.at)), m.name...)
	}
	at := len(b)
	b = append(b, directory...)
	b = append(b, "PK\x05\x06\x00\x00\x00\x00"...)
	b = le.AppendUint16(le.AppendUint16(b, uint16(len(members))), uint16(len(members)))
	b = le.AppendUint32(le.AppendUint32(b, uint32(len(directory))), uint32(at))
	return append(b, 0, 0)
}

// TestLocalHeaders reads zips whose two lists of entries agree, however their writers put it, and refuses those in which
// different readers would see different archives.
func TestLocalHeaders(t *testing.T) {
	le := binary.LittleEndian
	config := []byte(`{"class_name": "Sequential"}`)
	sum, n := crc32.ChecksumIEEE(config), uint32(len(config))
	descriptor := func(signed, wide bool, sum, stored, size uint32) []byte {
		var b []byte
		if signed {
			b = le.AppendUint32(b, zip.DescriptorSignature)
		}
		b = le.AppendUint32(b, sum)
		for _, n := range []uint32{stored, size} {
			b = le.AppendUint32(b, n)
			if wide {
				b = le.AppendUint32(b, 0)
			}
		}
		return b
	}
	zip64 := func(size, stored uint64) []byte {
		return le.AppendUint64(le.AppendUint64([]byte{1, 0, 16, 0}, size), stored)
	}
	wideSizes := func(b []byte) { le.PutUint64(b[18:], 1<<64-1) }
	for _, test := range []struct {
		name string
		m    member
		want string
	}{
		{"as it should be", member{}, ""},
		{"an extra field", member{extra: []byte{0x99, 0x99, 2, 0, 1, 2}}, ""},
		{"padding in place of an extra field", member{extra: make([]byte, 3)}, ""},
		{"zip64 sizes", member{local: wideSizes, extra: zip64(uint64(n), uint64(n))}, ""},
		{"zip64 sizes that nobody asks for", member{extra: zip64(uint64(n), uint64(n))}, ""},
		{"descriptor", member{flags: zip.FlagDescriptor, after: descriptor(true, false, sum, n, n)}, ""},
		{"descriptor without signature", member{flags: zip.FlagDescriptor, after: descriptor(false, false, sum, n, n)}, ""},
		{"wide descriptor", member{flags: zip.FlagDescriptor, after: descriptor(true, true, sum, n, n)}, ""},
		{"wide descriptor without signature", member{flags: zip.FlagDescriptor, after: descriptor(false, true, sum, n, n)}, ""},
		{"descriptor and sizes", member{flags: zip.FlagDescriptor, after: descriptor(true, false, sum, n, n),
			local: func(b []byte) { le.PutUint32(b[14:], sum); le.PutUint32(b[18:], n); le.PutUint32(b[22:], n) }}, ""},

		{"another name", member{local: func(b []byte) { b[zip.LocalSize] = 'k' }}, `"konfig.json"`},
		{"a name in another case", member{local: func(b []byte) { b[zip.LocalSize] = 'C' }}, `"Config.json"`},
		{"a longer name", member{extra: []byte("x"), local: func(b []byte) { b[26]++; b[28]-- }}, `"config.jsonx"`},
		{"a shorter name", member{local: func(b []byte) { b[26]--; b[28]++ }}, `"config.jso"`},
		{"another method", member{local: func(b []byte) { b[8] = 8 }}, "method"},
		{"encrypted", member{local: func(b []byte) { b[6] |= zip.FlagEncrypted }}, "encrypted"},
		{"fewer stored bytes", member{local: func(b []byte) { b[18]-- }}, "bytes of"},
		{"more bytes", member{local: func(b []byte) { b[22]++ }}, "bytes of"},
		{"no sizes and no descriptor", member{local: func(b []byte) { le.PutUint64(b[18:], 0) }}, "bytes of"},
		{"another checksum", member{local: func(b []byte) { b[14]++ }}, "checksum"},
		{"wrong zip64 sizes", member{local: wideSizes, extra: zip64(uint64(n)+1, uint64(n))}, "bytes of"},
		{"no zip64 sizes", member{local: wideSizes}, "bytes of"},
		{"no signature", member{local: func(b []byte) { b[3] = 'Q' }}, "no local header"},
		{"no descriptor", member{flags: zip.FlagDescriptor}, "descriptor"},
		{"a descriptor of other bytes", member{flags: zip.FlagDescriptor, after: descriptor(true, false, sum+1, n, n)}, "descriptor"},
		{"a descriptor of other sizes", member{flags: zip.FlagDescriptor, after: descriptor(true, false, sum, n, n+1)}, "descriptor"},
		{"sizes of others before a descriptor", member{flags: zip.FlagDescriptor, after: descriptor(true, false, sum, n, n),
			local: func(b []byte) { le.PutUint32(b[18:], n-1) }}, "bytes of"},
		{"an entry that reaches into the next", member{stored: 40, size: 40,
			local: func(b []byte) { le.PutUint32(b[18:], n+40); le.PutUint32(b[22:], n+40) }}, "overlaps"},
		{"an entry that reaches into the directory", member{stored: 150, size: 150,
			local: func(b []byte) { le.PutUint32(b[18:], n+150); le.PutUint32(b[22:], n+150) }}, "before the directory"},
		{"an entry at the place of another", member{at: int(n) + zip.LocalSize + len(ConfigName)}, `"metadata.json"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.m.name, test.m.data = ConfigName, config
			b := handmade([]member{test.m, {name: MetadataName, data: []byte("{}")}, {name: "assets/", data: nil}})
			c, err := read(b, limits())
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if config, err := c.Config(); err != nil || config.String("class_name") != "Sequential" {
					t.Errorf("%v, %v", config, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, not %q", err, test.want)
			}
		})
	}
	// One header for two entries.
	b := handmade([]member{{name: ConfigName, data: config}, {name: "assets/words", data: config}})
	second := strings.LastIndex(string(b), "assets/words") - 4
	le.PutUint32(b[second:], 0)
	copy(b[second+4:], "config.json\x00")
	if _, err := read(b, limits()); err == nil {
		t.Error("two entries at one place")
	}
}
